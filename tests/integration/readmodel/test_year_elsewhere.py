"""The trends of a year equal those that DuckDB computes, wherever the shop is.

The copy is written without a server, and no records are lost, so that every value is known.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from zoneinfo import ZoneInfo

import pytest

from app.core import json_text
from app.core.events import cloud_event
from app.core.item import DEFAULT_NAMES
from app.readmodel.changes import Changes
from app.readmodel.database import Database
from app.readmodel.own_writes import OwnWrites
from app.readmodel.trends import series
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.periods import Period, RangeName, period, since_of, start_of
from app.readmodel.trends.rankings import Rankings
from app.readmodel.trends.series import Sum
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import before
from app.store.timeline.position import Position
from tests.support.history.compared import summed
from tests.support.history.duck import DuckFigures, Units
from tests.support.history.year import Year

EVENTS, PRODUCTS = 2_500, 200
ZONES = ("Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")

History = tuple[Year, list[Arrived], DuckFigures]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """From December 2025 on; clocks are set forward and back within it."""
    folder = tmp_path_factory.mktemp("figures")
    year = Year(EVENTS, PRODUCTS, loses=False)
    arrived = list(year)
    assert arrived[-1][1].occurred_at > datetime(2026, 11, 3, tzinfo=UTC)
    lines = [
        json_text.dumps(cloud_event(event, "Products"))
        for _, event in arrived
        if event.kind != "internal"
    ]
    export = folder / "events.ndjson"
    export.write_bytes(b"\n".join(lines))
    with DuckFigures(export, folder) as duck:
        yield year, arrived, duck


@dataclass(frozen=True)
class Shop:
    """A copy with the year, read at `now`, an hour after the last event."""

    zone: ZoneInfo
    now: datetime
    connection: Connection
    duck: DuckFigures

    def days(self, name: RangeName = "365d") -> Period:
        """The last days up to today."""
        return period(since_of(name, self.now, self.zone), self.now, "day", self.zone)


@pytest.fixture(scope="module", params=ZONES)
def shop(
    history: History, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    year, arrived, duck = history
    items, zone = year.items, ZoneInfo(request.param)
    now = arrived[-1][1].occurred_at + timedelta(hours=1)
    with Database(tmp_path_factory.mktemp("copy") / "copy.sqlite", request.param) as database:
        changes = Changes(
            database,
            DEFAULT_NAMES,
            OwnWrites(DEFAULT_NAMES),
            lambda ids: {name: items[name] for name in ids if name in items},
            zone,
        )
        changes.begin_day(now)
        for start in range(0, len(arrived), 500):
            changes.apply(arrived[start : start + 500], Position(before(0)))
        with database.reading() as connection:
            yield Shop(zone, now, connection, duck)


def units(sums: Mapping[str, Sum]) -> Units:
    (one,) = sums.values() or [Sum()]  # no product has a unit of its own
    return number_from(one.units_in), number_from(one.units_out)


@pytest.mark.parametrize("name", ["7d", "90d", "365d"])
def test_movement_by_day_reason_and_category(shop: Shop, name: RangeName) -> None:
    days = shop.days(name)
    found = series.movement(shop.connection, days, None, None)
    expected = shop.duck.movement(shop.zone.key, start_of(days.first), start_of(days.end))
    dates = [start_of(first).astimezone(shop.zone).date() for first in days.bounds[:-1]]
    by_day = dict(zip(dates, map(units, found.buckets), strict=True))
    assert summed(by_day) == summed(expected, lambda key: key[0])
    by_reason = {key: units(sums) for key, sums in found.reasons.items()}
    assert summed(by_reason, lambda key: key[1] or None) == summed(expected, lambda key: key[1])
    by_category = {name or None: units(sums) for name, sums in found.categories.items()}
    assert summed(by_category) == summed(expected, lambda key: key[2])
    assert by_category


def test_events_of_each_day(shop: Shop) -> None:
    days = shop.days()
    rates = series.event_rate(shop.connection, days)
    dates = [start_of(first).astimezone(shop.zone).date() for first in days.bounds[:-1]]
    found = Counter({day: rate.events for day, rate in zip(dates, rates, strict=True)})
    per_day = shop.duck.per_day(shop.zone.key)
    assert found == Counter({day: count for day, count in per_day.items() if day >= dates[0]})


def test_value_at_each_midnight(shop: Shop) -> None:
    points, known_since = series.stock_value(shop.connection, shop.days(), shop.now)
    assert known_since is None
    *midnights, (_, last) = points
    first = series.recorded_since(shop.connection)
    assert first is not None
    before = {at: at.astimezone(shop.zone).date() - timedelta(days=1) for at, _ in midnights}
    today = shop.now.astimezone(shop.zone).date()
    values = shop.duck.values(shop.zone.key, [*before.values(), today])
    assert last == values[today]
    assert midnights == [(at, values[before[at]] if at >= first else None) for at, _ in midnights]
    assert len({value for _, value in midnights}) > 250


def test_lists_of_products(shop: Shop) -> None:
    rankings = Rankings(DEFAULT_NAMES, shop.zone)
    since = since_of("30d", shop.now, shop.zone)
    movers = rankings.top_movers(shop.connection, shop.now, 30, "moved", None, PRODUCTS * 2, None)
    expected = shop.duck.moved(since, shop.now)
    order = sorted(expected, key=lambda name: (-sum(expected[name]), name))
    assert [(one.product_id, (one.units_in, one.units_out)) for one in movers.items] == [
        (name, expected[name]) for name in order
    ]
    left = rankings.days_left(shop.connection, shop.now, None, PRODUCTS * 2, None)
    assert {one.product_id: one.days_left for one in left.items} == pytest.approx(
        shop.duck.days_left(shop.zone.key, shop.now)
    )
    lying = rankings.not_sold(shop.connection, shop.now, 90, None, PRODUCTS * 2, None)
    expected_lying = shop.duck.not_sold(shop.now - timedelta(days=90), shop.now)
    assert {one.product_id for one in lying.items} == expected_lying
    assert movers.items
    assert left.items
    assert lying.items
