"""A new sink begins where it was first seen, even if saving that cursor fails at first."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.core.errors import StoreUnavailable
from app.store.coordination.leases import Lease
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.feed.cursor import Cursor
from tests.unit.store.timeline.building import cursor
from worker.consumers.process_parts import Shared, SinkPlan
from worker.consumers.saved_cursor import SavedCursor

T = 10_000_000  # ms


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
        Lease("stockpulse", SINK, "archive", "me", 1),
        SinkRow("archive", owner="me", counter=1),
    )
    with pytest.raises(StoreUnavailable):
        saved_cursor.open()
    with pytest.raises(RuntimeError, match="not open"):
        _ = saved_cursor.position
    recent.newest = cursor(T + 5_000)  # an event arrives: the sink must still get it
    saved_cursor.open()
    assert saved == [cursor(T), cursor(T)]
    assert saved_cursor.position.settled == cursor(T)
