"""Reconciliation waits until the shards of all workers are read to their end."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from app.store.coordination.shard_state import ShardState
from app.store.coordination.workers import WorkerRow
from tests.support.builders import (
    STREAM_ARN,
)
from worker.reconcile.decision import (
    is_caught_up,
)
from worker.reconcile.reconciler import Readings
from worker.sharing.membership import Member


def a_state(**fields: Any) -> ShardState:
    return ShardState("s", STREAM_ARN, **({"last_page": 1.0} | fields))


@pytest.mark.parametrize(
    ("shards", "caught_up"),
    [
        ([a_state()], True),
        ([a_state(), a_state(finished=True, last_page=None)], True),
        ([a_state(lag=29)], True),
        ([a_state(), a_state(lag=31)], False),
        ([a_state(lag=1, lag_at_most=31)], False),
        ([a_state(lag=1, lag_at_most=29)], True),
        ([a_state(last_page=31)], False),
        ([a_state(last_page=None)], False),
        ([], False),
    ],
)
def test_the_worker_is_caught_up_if_every_open_shard_is(
    shards: list[ShardState], *, caught_up: bool
) -> None:
    assert is_caught_up(shards) is caught_up


def test_the_shards_of_other_workers_must_be_caught_up_too() -> None:
    behind = json.dumps([asdict(a_state(lag=99.0))])
    rows = [WorkerRow("other", 1, "redis", "", status=behind), WorkerRow("new", 1, "redis", "")]
    now = [0.0]

    def readings(member: Member) -> Readings:
        return Readings(member, lambda: [a_state()], lambda: rows, lambda: now[0])

    shared = readings(Member("me", broker="redis"))
    assert not shared.caught_up()
    rows[0] = replace(rows[0], status=json.dumps([asdict(a_state())]))
    assert not shared.caught_up()  # a result is reused for a moment
    now[0] = 3.0
    assert shared.caught_up()
    rows[0] = replace(rows[0], owner="me", status=behind)
    now[0] = 6.0
    assert shared.caught_up()  # its own row is ignored: the worker knows its own state
    assert readings(Member("me")).caught_up()
