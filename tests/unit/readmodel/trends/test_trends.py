"""Trends: days of 23 and 25 hours sum exactly, and the figures are those of the events."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidCursor
from app.readmodel.trends import series
from app.readmodel.trends.contributions import QUARTER, number_from
from app.readmodel.trends.last_hour import LastHour, StockSums
from app.readmodel.trends.periods import (
    BucketName,
    Period,
    period,
    shortest_bucket,
    since_of,
    start_of,
)
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event, an_item, stamped
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, product
from tests.unit.readmodel.trend_shop import ITEM, UTC_ZONE, ZONES, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    with made.copy.database:
        yield made


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


def test_value_goes_back_from_the_products_as_they_are(shop: Shop) -> None:
    """P1 was 100 units 2 hours ago, then 90, then at another price; P2 never changed."""
    shop.stock("P1", 90, Price={"N": "3"})
    shop.stock("P2", 4)
    shop.sale(NOON - timedelta(hours=2), 10)
    dearer = an_item(Stock=90, Price=3)
    shop.sale(
        NOON - timedelta(hours=1), kind="updated", before=an_item(Stock=90, **ITEM), after=dearer
    )
    cut = period(NOON - timedelta(hours=3), NOON, "hour", UTC_ZONE)
    with shop.reading() as connection:
        points, known_since = series.stock_value(connection, cut, NOON)
    assert known_since is None
    assert [value for _, value in points] == [None, 260, 235, 280]
    assert points[-1][0] == NOON


def test_own_write_is_in_the_value_once_its_event_is_counted(copy: Copy) -> None:
    """The event of a write may be late, for longer than the copy waits for it."""
    cut = period(NOON - timedelta(hours=1), NOON + timedelta(hours=1), "hour", UTC_ZONE)

    def values() -> list[Decimal | None]:
        with copy.database.reading() as connection:
            return [value for _, value in series.stock_value(connection, cut, NOON)[0]]

    first, between = product("P1", 10, Price=2), product("P1", 60, Price=2)
    more = stamped(product("P1", 110, Price=2), "r-2")
    new = stamped(product("P2", 5, Price=1), "r-3")
    copy.apply(inserted(1, first))
    assert values() == [None, 0, 20]
    for product_id, item, request in (("P1", more, "r-2"), ("P2", new, "r-3")):
        copy.own_writes.add(product_id, item, request)
        copy.table[product_id] = item
    copy.changes.show_own_writes()
    assert values() == [None, 0, 20]
    copy.apply(changed(2, between, before=first))  # by another process
    assert copy.stocks() == {"P1": 110, "P2": 5}
    assert values() == [None, 0, 120]
    copy.changes.read_again(["P1", "P2"])
    copy.own_writes.forget(copy.own_writes.shown(["P1", "P2"]))
    assert values() == [None, 0, 120]
    copy.apply(changed(3, more, before=between), inserted(4, new))
    assert values() == [None, 0, 225]


def test_own_deletion_is_in_the_value_once_its_event_is_counted(copy: Copy) -> None:
    cut = period(NOON, NOON + timedelta(hours=1), "hour", UTC_ZONE)
    item = product("P1", 10, Price=2)
    copy.apply(inserted(1, item))
    copy.own_writes.add("P1", None, "r")
    copy.changes.show_own_writes()
    for value, events in ((20, [deleted(2, item)]), (0, [])):
        with copy.database.reading() as connection:
            points, _ = series.stock_value(connection, cut, NOON)
        assert points[-1][1] == value
        copy.apply(*events)


@pytest.mark.parametrize("order", [1, -1])
def test_value_before_an_event_without_images_is_not_known(shop: Shop, order: int) -> None:
    shop.stock("P1", 80)
    hidden: dict[str, Any] = {"before": None, "after": None, "view_type": "KEYS_ONLY"}
    for hours, fields in [(3, {}), (2, hidden), (1, {})][::order]:
        shop.sale(NOON - timedelta(hours=hours), 10, **fields)
    cut = period(NOON - timedelta(hours=3), NOON, "hour", UTC_ZONE)
    with shop.reading() as connection:
        points, known_since = series.stock_value(connection, cut, NOON)
    assert [value for _, value in points] == [None, None, 225, 200]
    assert known_since == NOON - timedelta(hours=1, minutes=45)


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


def listed(shop: Shop, name: str, *given: Any, limit: int = 50) -> list[tuple[str, Any]]:
    """The ids and days left of all pages."""
    found: list[tuple[str, Any]] = []
    cursor = None
    while True:
        with shop.reading() as connection:
            ask = getattr(shop.rankings, name)
            page = ask(connection, NOON, *given, limit, cursor)
        found += [(item.product_id, item.days_left) for item in page.items]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_top_movers_are_in_order_on_any_size_of_page(shop: Shop, limit: int) -> None:
    shop.changes.begin_day(NOON)
    for number, units in enumerate([5, 9, 5, 1]):
        shop.sale(NOON - timedelta(days=1), units, f"P{number}", category=f"C{number % 2}")
        shop.stock(f"P{number}", 10, Category=f"C{number % 2}")
    shop.sale(NOON - timedelta(days=8), 90, "P3", reason="lost")
    ids = [name for name, _ in listed(shop, "top_movers", 7, "sold", None, limit=limit)]
    assert ids == ["P1", "P0", "P2", "P3"]
    ids = [name for name, _ in listed(shop, "top_movers", 30, "moved", None, limit=limit)]
    assert ids == ["P3", "P1", "P0", "P2"]
    ids = [name for name, _ in listed(shop, "top_movers", 30, "out", "C0", limit=limit)]
    assert ids == ["P0", "P2"]


def test_windows_end_with_the_day_that_begins(shop: Shop) -> None:
    """A sale 6 days ago is among the last 7 days today, and not tomorrow."""
    shop.changes.begin_day(NOON)
    shop.sale(NOON - timedelta(days=6))
    assert listed(shop, "top_movers", 7, "sold", None)
    shop.changes.begin_day(NOON + timedelta(days=1))
    assert not listed(shop, "top_movers", 7, "sold", None)
    assert listed(shop, "top_movers", 30, "sold", None)


@pytest.mark.parametrize("limit", [1, 50])
def test_products_not_sold_are_listed_those_never_sold_first(shop: Shop, limit: int) -> None:
    for number in range(6):
        shop.stock(f"P{number}", 0 if number == 5 else 10)
    shop.sale(NOON - timedelta(days=91), 1, "P1")
    shop.sale(NOON - timedelta(days=89), 1, "P2")
    shop.sale(NOON - timedelta(days=100), 1, "P3")
    shop.sale(NOON - timedelta(days=1), 1, "P4", reason="lost")
    new: dict[str, Any] = {"kind": "inserted", "before": None, "stock_before": None}
    shop.stock("P6", 10)
    shop.sale(NOON - timedelta(days=89), 1, "P6", **new)
    shop.stock("P7", 10)
    shop.sale(NOON - timedelta(days=91), 1, "P7", **new)
    ids = [name for name, _ in listed(shop, "not_sold", 90, None, limit=limit)]
    assert ids == ["P0", "P4", "P7", "P3", "P1"]


def test_days_left_are_at_the_rate_since_the_first_event(shop: Shop) -> None:
    """P0 sold 30 in 29.5 days, P1 2 in a day, P2 none; P3 has no stock left."""
    shop.changes.begin_day(NOON)
    for number in range(4):
        shop.stock(f"P{number}", 0 if number == 3 else 10)
    shop.sale(NOON - timedelta(days=200), 1, "P0")
    shop.sale(NOON - timedelta(days=2), 30, "P0")
    shop.sale(NOON - timedelta(hours=2), 2, "P1")
    shop.sale(NOON - timedelta(hours=2), 2, "P2", reason="lost")
    shop.sale(NOON - timedelta(hours=2), 2, "P3")
    assert listed(shop, "days_left", None, limit=1) == [
        ("P3", 0),
        ("P1", 5),
        ("P0", pytest.approx(10 / 30 * 29.5)),
    ]


def test_cursor_of_another_list_is_refused(shop: Shop) -> None:
    shop.stock("P1", 1)
    shop.stock("P2", 1)
    with shop.reading() as connection:
        page = shop.rankings.not_sold(connection, NOON, 90, None, 1, None)
        for cursor in (page.next_cursor, "x", "bnVsbA"):
            with pytest.raises(InvalidCursor):
                shop.rankings.days_left(connection, NOON, None, 1, cursor)


def test_last_hour_says_which_events_it_counts(shop: Shop) -> None:
    shop.sale(NOON - timedelta(minutes=2), 5, unit="kg")
    shop.sale(NOON, 1)
    with shop.reading() as connection:
        hour = LastHour(connection)
        assert hour.minutes(int(NOON.timestamp()) // 60 - 1) == [(int(NOON.timestamp()) // 60, 1)]
        event = an_event(1)
        assert hour.has("P1", event.event_key)
        assert not hour.has("P1", an_event(3).event_key)
        later = hour.after(str(Cursor(NOON_MS + 1, "0000abcd", 0)))
        assert [event.event_key for event in later] == [an_event(2).event_key]


def test_stock_now_sums_all_products(shop: Shop) -> None:
    shop.stock("P1", 5, ReorderPoint={"N": "5"})
    shop.stock("P2", 0, ReorderPoint={"N": "1"}, Price="?")
    shop.stock("P3", {"N": "0.1"})
    shop.stock("P4", {"N": "0.2"})
    shop.stock("P5", "many")
    shop.stock("P6", -2)
    with shop.reading() as connection:
        assert LastHour(connection).stock() == StockSums(6, {"": Decimal("3.3")}, low=2, out=2)


def test_delay_is_from_a_change_to_its_arrival(shop: Shop) -> None:
    shop.sale(NOON - timedelta(seconds=5))
    shop.sale(NOON - timedelta(seconds=2))
    shop.keep(an_event(9, kind="gap", occurred_at=NOON - timedelta(hours=1)))
    minute = int(NOON.timestamp()) // 60
    with shop.reading() as connection:
        hour = LastHour(connection)
        assert hour.delays(minute) == {minute: 5001}
        assert hour.delays(minute + 1) == {}


def test_ranges_begin_with_a_day_of_the_time_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 26, 23, 30, tzinfo=UTC)  # the 27th in Berlin
    assert since_of("7d", now, berlin) == datetime(2026, 10, 20, 22, tzinfo=UTC)
    assert since_of("24h", now, berlin) == now - timedelta(hours=24)
    names = [shortest_bucket(now - timedelta(days=days), now) for days in (1, 8, 30, 399, 2000)]
    assert names == ["15m", "hour", "day", "week", "week"]
