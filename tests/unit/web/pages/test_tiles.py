"""The tiles count the last hour, and report since when the count is complete."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.events import data_of
from app.readmodel.trends.last_hour import MinuteSum
from app.web.pages.live.tiles import Counts, tiles_of, tiles_of_sums
from tests.support.builders import an_event

NOW = datetime(2026, 11, 21, 8, 30, 30, tzinfo=UTC)


def event(minutes_ago: float = 0, **fields: Any) -> dict[str, Any]:
    return data_of(an_event(occurred_at=NOW - timedelta(minutes=minutes_ago), **fields))


def test_units_and_outside_changes_are_summed() -> None:
    events = [event(), event(stock_after=20, actor=None), event(kind="updated", stock_after=12)]
    assert tiles_of(events, NOW, complete=True).total == Counts(3, 8, 3, 1, {""})


def test_sum_has_the_unit_that_its_quantities_share() -> None:
    total = tiles_of([event(unit="kg"), event(unit="kg")], NOW, complete=True).total
    assert total.amount(total.units_out) == "6 kg"


def test_quantities_of_different_units_are_not_summed() -> None:
    total = tiles_of([event(unit="kg"), event()], NOW, complete=True).total
    assert total.amount(total.units_out) == "mixed"


def test_change_without_a_quantity_does_not_add_its_unit() -> None:
    events = [event(unit="kg"), event(kind="updated", stock_after=12, unit="l")]
    total = tiles_of(events, NOW, complete=True).total
    assert total.amount(total.units_out) == "3 kg"


def test_changes_are_counted_by_minute() -> None:
    tiles = tiles_of([event(), event(0.2), event(2)], NOW, complete=True)
    assert [minute.counts.changes for minute in tiles.minutes] == [1, 2]
    assert tiles.minutes[-1].start == NOW.replace(second=0)


def test_changes_older_than_an_hour_are_not_counted() -> None:
    tiles = tiles_of([event(61)], NOW, complete=False)
    assert tiles.total.changes == 0
    assert tiles.since is None


def test_incomplete_hour_reports_since_when_it_counts() -> None:
    events = [event(1), event(10)]
    assert tiles_of(events, NOW, complete=False).since == NOW - timedelta(minutes=10)
    assert tiles_of(events, NOW, complete=True).since is None


def test_event_from_the_future_counts_in_the_current_minute() -> None:
    assert tiles_of([event(-5)], NOW, complete=True).minutes[0].start <= NOW


def test_gap_and_reconciled_entries_are_not_counted() -> None:
    events = [event(kind="gap"), event(kind="reconciled")]
    assert tiles_of(events, NOW, complete=True).total == Counts()


def a_sum(minutes_ago: int, unit: str = "", units_in: int = 0, units_out: int = 3) -> MinuteSum:
    minute = int(NOW.timestamp()) // 60 - minutes_ago
    return MinuteSum(minute, unit, 1, Decimal(units_in), Decimal(units_out), 0)


def test_sums_of_the_hour_are_complete() -> None:
    tiles = tiles_of_sums([a_sum(40), a_sum(2), a_sum(2, "kg")], NOW, missing=[], later=[])
    assert tiles.total == Counts(3, 0, 9, 0, {"", "kg"})
    assert [minute.counts.changes for minute in tiles.minutes] == [1, 2]
    assert tiles.since is None


def test_event_that_the_sums_lack_is_added_and_one_that_the_stream_sends_is_not_counted() -> None:
    missing = [event(), event(kind="gap"), event(90)]
    later = [event(stock_after=10, actor=None), event(kind="reconciled")]
    tiles = tiles_of_sums([a_sum(0)] * 2, NOW, missing=missing, later=later)
    assert tiles.total == Counts(2, 0, 7, -1, {""})


def test_sum_of_a_future_minute_counts_in_the_current_one() -> None:
    tiles = tiles_of_sums([a_sum(-3)], NOW, missing=[], later=[])
    assert [minute.number for minute in tiles.minutes] == [int(NOW.timestamp()) // 60]
