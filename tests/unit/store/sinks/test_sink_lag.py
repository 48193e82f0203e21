"""A sink's lag is what the timeline shows, even if no worker has reported it for a long time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.events import rfc3339
from app.store.coordination.sink_row import Health, SinkRow
from app.store.sinks.sink_lag import REPORTED, Unseen, is_reported, view_of
from tests.support.builders import a_cursor

NOW_MS = 1_795_248_000_000
SECOND = 1000


def saved(ago: float, **fields: Any) -> SinkRow:
    """A row that a worker saved `ago` seconds ago."""
    at = rfc3339(datetime.fromtimestamp(NOW_MS / 1000 - ago, UTC))
    return replace(SinkRow("archive", cursor=a_cursor(1), saved_at=at), **fields)


def lag(row: SinkRow, unseen: Unseen | None = None) -> tuple[float, int]:
    view = view_of(row, unseen, NOW_MS)
    return view.lag_seconds, view.lag_events


def arrived(ago: float, events: int = 3) -> Unseen:
    return Unseen(NOW_MS - int(ago * SECOND), events)


def test_a_sink_without_waiting_events_has_no_lag_however_old_its_save() -> None:
    assert lag(saved(100_000)) == (0.0, 0)


def test_a_reported_lag_grows_with_time() -> None:
    assert lag(saved(40, health=Health(5.0, 2))) == (45.0, 2)


def test_a_report_from_a_clock_ahead_does_not_reduce_the_lag() -> None:
    assert lag(saved(-30, health=Health(5.0, 2))) == (5.0, 2)


def test_the_lag_of_a_dead_owner_s_sink_includes_what_arrived_since_its_save() -> None:
    assert lag(saved(3600, owner="w1"), arrived(3000)) == (3000.0, 3)


def test_the_lag_starts_at_the_older_of_reported_and_unseen_events() -> None:
    row = saved(600, health=Health(100.0, 7))
    assert lag(row, arrived(500)) == (700.0, 10)


def test_recent_arrivals_are_no_lag_for_a_running_sink() -> None:
    assert lag(saved(3600), arrived(REPORTED)) == (0.0, 0)
    assert lag(saved(3600), arrived(REPORTED + 1))[0] == REPORTED + 1


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_recent_arrivals_are_lag_for_a_sink_that_does_not_run(state: str) -> None:
    assert lag(saved(3600, state=state), arrived(2)) == (2.0, 3)


def test_a_rewound_sink_has_lag_at_once() -> None:
    assert lag(saved(0, saved_at=None), arrived(2)) == (2.0, 3)


def test_only_a_recent_save_of_a_running_sink_counts_as_reported() -> None:
    assert is_reported(saved(REPORTED), NOW_MS)
    assert not is_reported(saved(REPORTED + 1), NOW_MS)
    assert not is_reported(saved(1, state="paused"), NOW_MS)
    assert not is_reported(saved(1, saved_at=None), NOW_MS)


def test_a_sink_paused_itself_if_no_administrator_paused_it() -> None:
    own = saved(1, state="paused", why="410 Gone")
    assert view_of(own, None, NOW_MS).paused_itself
    assert not view_of(replace(own, paused_by="ada"), None, NOW_MS).paused_itself
    assert not view_of(saved(1), None, NOW_MS).paused_itself
