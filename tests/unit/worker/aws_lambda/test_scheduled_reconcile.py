"""A scheduled comparison runs at first, for a new stream, on request, and once a day."""

from datetime import timedelta

import pytest

from app.store.coordination.reconcile_requests import State
from tests.support.builders import NOON, STREAM_ARN
from worker.aws_lambda.scheduled_tasks import EVERY, is_due


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (State(), True),
        (State(stream=STREAM_ARN, done_at=NOON), False),
        (State(stream=STREAM_ARN, done_at=NOON - EVERY + timedelta(seconds=1)), False),
        (State(stream=STREAM_ARN, done_at=NOON - EVERY), True),
        (State(stream=STREAM_ARN, done_at=NOON, requested=2, done=1), True),
        (State(stream=f"{STREAM_ARN}9", done_at=NOON), True),
    ],
    ids=["at first", "just done", "less than a day ago", "a day ago", "requested", "a new stream"],
)
def test_a_comparison_is_due(state: State, *, due: bool) -> None:
    assert is_due(state, STREAM_ARN, NOON) is due
