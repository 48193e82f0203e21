"""Trends of one category: its events, and the value that its stock had when it was in it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.readmodel.trends import series
from app.readmodel.trends.contributions import day_number
from app.readmodel.trends.last_hour import LastHour
from app.readmodel.trends.periods import period
from app.readmodel.trends.rankings import Measure
from tests.support.builders import NOON, an_item
from tests.unit.readmodel.kit import Copy, inserted
from tests.unit.readmodel.trends.kit import ITEM, UTC_ZONE, Shop

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    with made.copy.database:
        yield made


def test_value_goes_with_the_product_to_another_category(shop: Shop) -> None:
    """P1, at 2.50, was 100 pieces in Kitchen, then 90, then moved to Bath; P2 stays in Kitchen."""
    shop.stock("P1", 90, Category="Bath")
    shop.stock("P2", 4)
    shop.sale(NOON - 2 * HOUR, 10)
    before = an_item(Stock=90, **ITEM)
    shop.sale(NOON - HOUR, kind="updated", before=before, after=before | an_item(Category="Bath"))
    cut = period(NOON - 3 * HOUR, NOON, "hour", UTC_ZONE)

    def values(category: str | None) -> list[Decimal | None]:
        with shop.reading() as connection:
            return [one for _, one in series.stock_value(connection, cut, NOON, category)[0]]

    assert values("Kitchen") == [None, 260, 235, 10]
    assert values("Bath") == [None, 0, 0, 225]
    assert values(None) == [None, 260, 235, 235]
    assert values("Garden") == [None, 0, 0, 0]


def test_events_of_a_category_are_those_that_moved_stock_and_those_that_did_not(shop: Shop) -> None:
    shop.sale(NOON, category="Tea")
    shop.sale(NOON, category="Tea", kind="updated", actor=None)
    shop.sale(NOON, category="Cups")
    cut = period(NOON, NOON + timedelta(minutes=15), "15m", UTC_ZONE)
    with shop.reading() as connection:
        (rate,) = series.event_rate(connection, cut, "Tea")
        (every,) = series.event_rate(connection, cut)
    assert rate == series.Rate(2, 1, {"stock_changed": 1, "updated": 1})
    assert every.events == 3


@pytest.mark.parametrize("measure", ["sold", "in", "out", "moved"])
def test_movers_of_days_are_those_of_the_window_with_these_days(
    shop: Shop, measure: Measure
) -> None:
    shop.changes.begin_day(NOON)
    for number in range(12):
        at = NOON - timedelta(days=number)
        shop.sale(at, number + 1, f"P{number % 5}")
        shop.sale(at, -number, f"P{number % 3}", reason="received")
    today = day_number(NOON, UTC_ZONE)
    with shop.reading() as connection:
        window = shop.rankings.top_movers(connection, NOON, 7, measure, None, 3, None).items
        days = shop.rankings.movers_of_days(connection, (today - 6, today + 1), measure, None, 3)
        none = shop.rankings.movers_of_days(connection, (1, 2), measure, None, 3)
    sums = [(one.product_id, one.units_in, one.units_out, one.units_sold) for one in days]
    assert sums == [(one.product_id, one.units_in, one.units_out, one.units_sold) for one in window]
    assert len(sums) == 3
    assert none == []


def test_stock_of_each_unit_begins_with_that_of_most_products(copy: Copy) -> None:
    copy.apply(inserted(1, an_item("P1", Stock=3)))
    with copy.database.writing() as connection:
        for number, unit in enumerate(("kg", "m", "kg")):
            connection.execute(
                "INSERT INTO trend_products (id, deleted, unit, stock) VALUES (?, 0, ?, ?)",
                (f"Q{number}", unit, number + 0.5),
            )
    with copy.database.reading() as connection:
        stock = LastHour(connection).stock()
    assert list(stock.units.items()) == [("kg", 3), ("", 3), ("m", Decimal("1.5"))]
    assert stock.products == 4
