"""A scheduled invocation runs the free sinks until its deadline, and leaves nothing running."""

import threading
import time
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.runtime.retry import Stopped
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.sink_row import SINK, SinkRow, sink_of
from tests.support.waiting import until
from tests.unit.worker.aws_lambda.invocation import NOW, SECONDS, Invocation
from worker.aws_lambda.scheduled_tasks import DEAD_AFTER, guard_until, is_free


@pytest.fixture
def invocation() -> Invocation:
    return Invocation()


@pytest.mark.parametrize(
    ("row", "free"),
    [
        (None, True),
        (SinkRow("archive"), True),
        (SinkRow("archive", owner="me", deadline=NOW + 1), False),
        (SinkRow("archive", owner="me", deadline=NOW - DEAD_AFTER), False),
        (SinkRow("archive", owner="me", deadline=NOW - DEAD_AFTER - 1), True),
        (SinkRow("archive", owner="worker-1"), True),
        (SinkRow("archive", owner=None, deadline=NOW + 1), True),
    ],
    ids=[
        "new",
        "released",
        "held",
        "past its deadline",
        "dead",
        "owned by a killed worker",
        "released before its deadline",
    ],
)
def test_a_sink_is_free_without_an_owner_or_a_minute_after_its_deadline(
    row: SinkRow | None, *, free: bool
) -> None:
    assert is_free(row, NOW) is free


def test_no_call_begins_after_the_deadline() -> None:
    now = 0.0
    guard = guard_until(SECONDS, lambda: now)
    now = SECONDS - 0.001
    guard()
    now = SECONDS
    with pytest.raises(Stopped):
        guard()


def test_free_sinks_run_until_the_deadline_and_are_released(invocation: Invocation) -> None:
    held: list[str | None] = []
    invocation.after = lambda: held.append(invocation.row("archive").owner)
    invocation.run()
    assert invocation.ran == ["archive", "search"]
    assert invocation.seconds == SECONDS
    assert set(held) == {"me"}
    assert invocation.row("archive").owner is invocation.row("search").owner is None


def test_no_thread_outlives_the_invocation(invocation: Invocation) -> None:
    before = set(threading.enumerate())
    invocation.run()
    assert set(threading.enumerate()) <= before


def test_a_sink_of_another_invocation_is_left_alone_and_a_dead_one_is_taken(
    invocation: Invocation,
) -> None:
    invocation.own("archive", "other", NOW + 2 * SECONDS)
    invocation.own("search", "dead", NOW - DEAD_AFTER - 1)
    invocation.run()
    assert invocation.ran == ["search"]
    assert invocation.row("archive").owner == "other"


def test_a_sink_that_is_released_during_the_invocation_is_taken(invocation: Invocation) -> None:
    invocation.own("archive", "other", NOW + 2 * SECONDS)
    leases, row = Leases(*invocation.where), invocation.row("archive")

    def release() -> None:
        if invocation.row("archive").owner == "other":
            leases.release(Lease("stockpulse", SINK, "archive", "other", row.counter))

    invocation.after = release
    invocation.run()
    assert invocation.ran == ["search", "archive"]


def test_a_lease_always_has_its_deadline(invocation: Invocation) -> None:
    """Otherwise an invocation that was killed right then would never count as dead."""
    seen: list[int | None] = []

    def watch(_table: str, _before: Any, after: Any) -> None:
        row = sink_of(after)
        if row is not None and row.owner is not None:
            seen.append(row.deadline)

    invocation.tables.watchers.append(watch)
    invocation.run()
    assert set(seen) == {NOW + SECONDS}


def test_a_running_sink_is_notified_of_row_changes(invocation: Invocation) -> None:
    def pause() -> None:
        invocation.tables.update_item(
            TableName="Checkpoints",
            Key=invocation.rows.key("archive"),
            UpdateExpression="SET #state = :state",
            ExpressionAttributeNames={"#state": "State"},
            ExpressionAttributeValues={":state": {"S": "paused"}},
        )

    invocation.after = pause
    invocation.run()
    work = dict(invocation.works)["archive"]
    assert work.noticed[-1].state == "paused"


def test_a_call_that_returns_after_its_sink_was_taken_again_does_not_hide_the_new_run() -> None:
    """Lambda freezes a thread that is in a call when the invocation ends."""
    invocation = Invocation(["archive"])
    consumers = invocation.consumers
    assert consumers.take("archive", "me", None, NOW)
    assert consumers.take("archive", "me again", invocation.row("archive"), NOW)
    (_, frozen), (_, current) = invocation.works
    threads = threading.active_count()
    frozen.leave()
    until(lambda: threading.active_count() < threads)
    consumers.leave_all()
    consumers.join(time.monotonic() + 10)
    assert current.ended
    assert invocation.row("archive").owner is None


def test_an_invocation_that_must_end_does_not_wait_for_its_deadline(invocation: Invocation) -> None:
    invocation.ended = True
    invocation.run()
    assert invocation.seconds < SECONDS
    assert invocation.row("archive").owner is None


def test_sinks_keep_running_while_their_rows_cannot_be_read(
    invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failures = invocation.rows.all, iter([None, StoreUnavailable("throttled"), None])

    def flaky() -> list[SinkRow]:
        error = next(failures, None)
        if error is not None:
            raise error
        return read()

    monkeypatch.setattr(invocation.rows, "all", flaky)
    invocation.run()
    assert invocation.ran == ["archive", "search"]
    assert invocation.seconds == SECONDS


def test_rows_that_cannot_be_read_at_all_fail_the_invocation_once_every_sink_has_ended(
    invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> list[SinkRow]:
        raise StoreUnavailable("down")

    def break_rows() -> None:
        monkeypatch.setattr(invocation.rows, "all", down)

    invocation.after = break_rows
    before = set(threading.enumerate())
    with pytest.raises(StoreUnavailable):
        invocation.run()
    assert set(threading.enumerate()) <= before  # other tests' threads may end meanwhile
    assert invocation.row("archive").owner is None
