"""A sink's lag is what the timeline shows, also where no worker has reported it for long."""

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
    """A row that a worker saved so many seconds ago."""
    at = rfc3339(datetime.fromtimestamp(NOW_MS / 1000 - ago, UTC))
    return replace(SinkRow("archive", cursor=a_cursor(1), saved_at=at), **fields)


def lag(row: SinkRow, unseen: Unseen | None = None) -> tuple[float, int]:
    view = view_of(row, unseen, NOW_MS)
    return view.lag_seconds, view.lag_events


def arrived(ago: float, events: int = 3) -> Unseen:
    return Unseen(NOW_MS - int(ago * SECOND), events)


def test_a_sink_that_has_everything_does_not_lag_however_long_ago_it_was_saved() -> None:
    assert lag(saved(100_000)) == (0.0, 0)


def test_a_reported_lag_grows_from_the_report_on() -> None:
    assert lag(saved(40, health=Health(5.0, 2))) == (45.0, 2)


def test_a_report_from_a_clock_ahead_of_ours_does_not_shrink_the_lag() -> None:
    assert lag(saved(-30, health=Health(5.0, 2))) == (5.0, 2)


def test_a_dead_owner_s_sink_lags_by_what_arrived_since_its_last_save() -> None:
    assert lag(saved(3600, owner="w1"), arrived(3000)) == (3000.0, 3)


def test_the_older_of_the_reported_and_the_unseen_event_counts() -> None:
    row = saved(600, health=Health(100.0, 7))
    assert lag(row, arrived(500)) == (700.0, 10)


def test_what_arrived_a_moment_ago_may_be_on_its_way_to_a_running_sink() -> None:
    assert lag(saved(3600), arrived(REPORTED)) == (0.0, 0)
    assert lag(saved(3600), arrived(REPORTED + 1))[0] == REPORTED + 1


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_nothing_is_on_its_way_to_a_sink_that_does_not_run(state: str) -> None:
    assert lag(saved(3600, state=state), arrived(2)) == (2.0, 3)


def test_a_rewound_sink_lags_at_once_by_what_it_will_repeat() -> None:
    assert lag(saved(0, saved_at=None), arrived(2)) == (2.0, 3)


def test_only_a_recent_save_of_a_running_sink_spares_a_read_of_the_timeline() -> None:
    assert is_reported(saved(REPORTED), NOW_MS)
    assert not is_reported(saved(REPORTED + 1), NOW_MS)
    assert not is_reported(saved(1, state="paused"), NOW_MS)
    assert not is_reported(saved(1, saved_at=None), NOW_MS)


def test_a_pause_is_the_sink_s_own_where_no_administrator_asked_for_it() -> None:
    own = saved(1, state="paused", why="410 Gone")
    assert view_of(own, None, NOW_MS).paused_itself
    assert not view_of(replace(own, paused_by="ada"), None, NOW_MS).paused_itself
    assert not view_of(saved(1), None, NOW_MS).paused_itself
