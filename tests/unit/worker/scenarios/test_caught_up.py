"""Reconciliation waits until the shards of all workers are read to their end."""

import json
from dataclasses import asdict, dataclass, replace
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
from worker.reconcile.readings import Readings
from worker.sharing.membership import Member


@dataclass(frozen=True)
class Shard:
    finished: bool = False
    lag: float = 0.0
    last_page: float | None = 1.0
    lag_at_most: float | None = None


@pytest.mark.parametrize(
    ("shards", "caught_up"),
    [
        ([Shard()], True),
        ([Shard(), Shard(finished=True, last_page=None)], True),
        ([Shard(lag=29)], True),
        ([Shard(), Shard(lag=31)], False),
        ([Shard(lag=1, lag_at_most=31)], False),
        ([Shard(lag=1, lag_at_most=29)], True),
        ([Shard(last_page=31)], False),
        ([Shard(last_page=None)], False),
        ([], False),
    ],
)
def test_the_worker_is_caught_up_if_every_open_shard_is(
    shards: list[Shard], *, caught_up: bool
) -> None:
    assert is_caught_up(shards) is caught_up


def a_state(**fields: Any) -> ShardState:
    given = {"lag": 0.0, "last_page": 1.0, "finished": False, "position": None, "trouble": ""}
    return ShardState(shard_id="s", stream_arn=STREAM_ARN, **(given | fields))


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
