"""Movement over time: days of 23 and 25 hours sum exactly."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.readmodel.trends import series
from app.readmodel.trends.contributions import QUARTER, number_from
from app.readmodel.trends.periods import (
    BucketName,
    Period,
    period,
    shortest_bucket,
    since_of,
    start_of,
)
from tests.support.builders import NOON, an_event, an_item
from tests.unit.readmodel.trends.kit import UTC_ZONE, ZONES, Shop


@pytest.mark.parametrize("name", ZONES)
def test_a_sale_in_each_quarter_is_in_the_bucket_of_its_wall_clock(
    tmp_path: Path, name: str
) -> None:
    zone = ZoneInfo(name)
    buckets: tuple[BucketName, ...] = ("hour", "day", "week")
    for day, quarters in ZONES[name].items():
        (tmp_path / f"{day}").mkdir()
        shop = Shop(tmp_path / f"{day}", zone)
        since = datetime.combine(day - timedelta(days=2), time(17, 50), zone).astimezone(UTC)
        until = datetime.combine(day + timedelta(days=3), time(6, 10), zone).astimezone(UTC)
        days = period(since, until, "day", zone)
        moments = [start_of(quarter) + timedelta(minutes=1) for quarter in range(*_ends(days))]
        with shop.copy.database:
            shop.keep(
                *(
                    an_event(n, occurred_at=moment, stock_before=Decimal(5), stock_after=Decimal(4))
                    for n, moment in enumerate(moments)
                )
            )
            for bucket in buckets:
                expected = Counter(_wall(moment.astimezone(zone), bucket) for moment in moments)
                cut = period(start_of(days.first), start_of(days.end), bucket, zone)
                with shop.reading() as connection:
                    found = series.movement(connection, cut, None, None)
                counts = [sums[""].changes for sums in found.buckets if sums]
                assert counts == list(expected.values())
                assert sum(one[""].changes for one in found.categories.values()) == len(moments)
                if bucket == "day":
                    assert counts[2] == quarters


def _ends(cut: Period) -> tuple[int, int]:
    return cut.first, cut.end


def _wall(local: datetime, bucket: BucketName) -> object:
    if bucket == "hour":  # one that the clock shows twice is two
        return local.date(), local.hour, local.utcoffset()
    return local.date() if bucket == "day" else local.isocalendar()[:2]


@pytest.mark.parametrize("bucket", ["15m", "hour", "day"])
def test_part_of_a_period_has_the_categories_of_that_part(shop: Shop, bucket: BucketName) -> None:
    """Categories are summed from whole days and from the quarters at the ends."""
    for hour in range(24 * 5):
        category = f"C{hour % 7}"
        shop.sale(NOON + timedelta(hours=hour, minutes=5), hour, category=category)
    for first, last in [(0, 3), (0, 11), (3, 60), (12, 36), (30, 100)]:
        cut = period(NOON + timedelta(hours=first), NOON + timedelta(hours=last), bucket, UTC_ZONE)
        with shop.reading() as connection:
            found = series.movement(connection, cut, None, None)
            alone = series.movement(connection, cut, "C3", None)
        expected: Counter[str] = Counter()
        for hour in range(24 * 5):
            at = NOON + timedelta(hours=hour, minutes=5)
            if cut.first <= at.timestamp() / QUARTER < cut.end:
                expected[f"C{hour % 7}"] += hour
        units = {name: number_from(sums[""].units_out) for name, sums in found.categories.items()}
        assert units == dict(expected)
        assert sum(units.values()) == expected.total()
        total = sum(sums[""].units_out for sums in alone.buckets if sums)
        assert number_from(total) == expected["C3"]


def test_movement_by_kind_and_reason_and_unit(shop: Shop) -> None:
    shop.sale(NOON, 3)
    shop.sale(NOON, -2, reason=None)
    shop.sale(NOON, 5, unit="kg")
    fresh: dict[str, Any] = {"kind": "inserted", "before": None, "stock_before": None}
    shop.sale(NOON, 90, **fresh)
    gone: dict[str, Any] = {"kind": "deleted", "after": None, "stock_after": None, "reason": None}
    shop.sale(NOON, **gone)
    cut = period(NOON, NOON + timedelta(hours=1), "hour", UTC_ZONE)
    with shop.reading() as connection:
        found = series.movement(connection, cut, None, None)
        sold = series.movement(connection, cut, None, "sold")
    assert {
        (kind, reason, unit): (one.changes, one.units_in / 1e6, one.units_out / 1e6)
        for (kind, reason), sums in found.reasons.items()
        for unit, one in sums.items()
    } == {
        ("stock_changed", "sold", ""): (1, 0, 3),
        ("stock_changed", "sold", "kg"): (1, 0, 5),
        ("stock_changed", "", ""): (1, 2, 0),
        ("inserted", "sold", ""): (1, 10, 0),
        ("deleted", "", ""): (1, 0, 100),
    }
    assert sold.buckets[0][""].changes == 2


@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_movement_is_known_since_the_last_event_without_images(shop: Shop, view_type: str) -> None:
    item = an_item("P1", Stock=10)
    images: dict[str, Any] = {"before": None, "after": None}
    images |= {"NEW_IMAGE": {"after": item}, "OLD_IMAGE": {"before": item}}.get(view_type, {})
    with shop.reading() as connection:
        assert series.known_since(connection) is None
    shop.sale(NOON, view_type=view_type, stock_before=None, stock_after=None, **images)
    shop.sale(NOON + timedelta(hours=1))
    with shop.reading() as connection:
        assert series.known_since(connection) == NOON + timedelta(seconds=QUARTER)


def test_event_rate_counts_every_kept_event(shop: Shop) -> None:
    shop.sale(NOON)
    shop.sale(NOON, kind="updated", actor=None)
    shop.sale(NOON, kind="reconciled", actor=None)
    cut = period(NOON, NOON + timedelta(minutes=30), "15m", UTC_ZONE)
    with shop.reading() as connection:
        rates = series.event_rate(connection, cut)
    assert rates[0] == series.Rate(3, 1, {"stock_changed": 1, "updated": 1, "reconciled": 1})
    assert rates[1] == series.Rate()


def test_ranges_begin_with_a_day_of_the_time_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 26, 23, 30, tzinfo=UTC)  # the 27th in Berlin
    assert since_of("7d", now, berlin) == datetime(2026, 10, 20, 22, tzinfo=UTC)
    assert since_of("24h", now, berlin) == now - timedelta(hours=24)
    names = [shortest_bucket(now - timedelta(days=days), now) for days in (1, 8, 30, 399, 2000)]
    assert names == ["15m", "hour", "day", "week", "week"]
