"""A new sink begins where it was first seen, even if saving that cursor fails at first."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.core.errors import StoreUnavailable
from app.store.coordination.leases import Lease
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.feed.cursor import Cursor, before
from tests.unit.store.timeline.building import cursor
from worker.consumers.process_parts import Shared, SinkPlan
from worker.consumers.saved_cursor import SavedCursor

T = 10_000_000  # ms
LEASE = Lease("stockpulse", SINK, "archive", "me", 1)
ROW = SinkRow("archive", owner="me", counter=1)


def test_nothing_is_delivered_before_the_first_cursor_is_saved() -> None:
    saved: list[Cursor] = []
    errors = [StoreUnavailable("DynamoDB is down.")]

    def save(_lease: Lease, _version: int, settled: Cursor, *_rest: object) -> None:
        saved.append(settled)
        if errors:
            raise errors.pop()

    recent = SimpleNamespace(newest=cursor(T))
    tail = SimpleNamespace(recent=recent, passes=0, refresh=lambda *_: None)
    rows, nothing = SimpleNamespace(save=save), SimpleNamespace()
    saved_cursor = SavedCursor(
        Shared(*cast("Any", (tail, rows, nothing, nothing)), SinkPlan()),
        LEASE,
        ROW,
    )
    with pytest.raises(StoreUnavailable):
        saved_cursor.open()
    with pytest.raises(RuntimeError, match="not open"):
        _ = saved_cursor.position
    recent.newest = cursor(T + 5_000)  # an event arrives: the sink must still get it
    saved_cursor.open()
    assert saved == [cursor(T), cursor(T)]
    assert saved_cursor.position.settled == cursor(T)


@pytest.mark.parametrize(
    ("since", "first"),
    [(None, cursor(T)), (T - 5_000, before(T - 5_000)), (T + 5_000, cursor(T))],
)
def test_a_sink_that_must_have_earlier_events_begins_there(
    since: int | None, first: Cursor
) -> None:
    steps: list[str] = []
    recent = SimpleNamespace(newest=cursor(T))
    tail = SimpleNamespace(recent=recent, passes=0, refresh=lambda *_: steps.append("pass"))
    rows, nothing = SimpleNamespace(save=lambda *_: None), SimpleNamespace()

    def begins() -> int | None:
        steps.append("asked")
        return since

    parts = Shared(*cast("Any", (tail, rows, nothing, nothing)), SinkPlan())
    saved_cursor = SavedCursor(parts, LEASE, ROW, begins)
    saved_cursor.open()
    assert saved_cursor.position.settled == first
    assert steps == ["pass", "asked"]  # a rule that is made in between is about later events
