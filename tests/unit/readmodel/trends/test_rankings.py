"""Top movers, products not sold, and days left: in order, page by page."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import InvalidCursor
from tests.support.builders import NOON
from tests.unit.readmodel.trends.kit import Shop


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
