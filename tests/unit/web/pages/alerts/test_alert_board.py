"""What the rows of the Alerts page show, in which order, and how much the reorder list suggests."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.store.alerts.alert import Alert, Order
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.levels import AlertKind, Levels
from app.store.products.model import product_of
from app.web.pages.alerts.alert_board import AlertRow, grouped, on_order, order_text, rows_of
from app.web.pages.alerts.alert_place import AlertPlace
from app.web.pages.alerts.reorder_list import lines_of, reorder_format, suggested
from tests.support.builders import an_item

DAY = 86_400_000
ORDER = Order(Decimal(40), "2026-11-30", overdue_at=10 * DAY)


def view(product_id: str, kind: AlertKind, stock: int = 0, **alert: Any) -> AlertView:
    given = {"number": 1, "state": "open", "since": 5, "opened_at": 5, "opened_by": ""} | alert
    return AlertView(
        product_id, Alert(kind, **given), Levels(Decimal(stock), Decimal(9), unit="kg")
    )


def row(product_id: str, kind: AlertKind, stock: int = 0, rate: float | None = None) -> AlertRow:
    return AlertRow((view(product_id, kind, stock),), None, rate)


def test_product_has_one_row_with_its_worst_alert_and_the_numbers_of_all() -> None:
    views = [view("P", "low", number=3), view("Q", "low"), view("P", "negative"), view("P", "out")]
    groups = grouped(views)
    assert list(groups) == ["P", "Q"]
    (first, _) = rows_of(groups.values(), {}, {})
    assert (first.worst.kind, first.numbers) == ("negative", "negative-1 out-1 low-3")


def test_worst_comes_first_then_what_ends_first_then_what_is_missed_most() -> None:
    rows = [
        row("a", "low", 8, rate=1),
        row("b", "low", 6, rate=2),
        row("c", "low", 1),  # nothing is sold: it lasts for ever
        row("d", "out", rate=0.5),
        row("e", "out", rate=3),
        row("f", "out"),
        row("g", "negative", -1),
    ]
    found = sorted(rows, key=lambda one: one.urgency)
    assert [one.product_id for one in found] == ["g", "e", "d", "f", "b", "a", "c"]


def test_row_shows_the_product_as_it_is_now_and_without_it_what_the_alert_has() -> None:
    product = product_of(an_item("P", ProductName="Tea", Stock=4, ReorderPoint=5))
    now = AlertRow((view("P", "low", 3),), product, 2.0)
    assert (now.name, now.stock, now.point, now.unit, now.days_left) == ("Tea", 4, 5, None, "2")
    then = AlertRow((view("P", "low", 3),))
    assert (then.name, then.stock, then.point, then.unit, then.days_left) == ("P", 3, 9, "kg", "")


@pytest.mark.parametrize(
    ("state", "received", "since", "text", "is_loud"),
    [
        ("ordered", 0, 0, "40 kg ordered for Mon 30 Nov", False),
        ("ordered", 5, 0, "40 kg ordered for Mon 30 Nov, 5 kg received", False),
        ("open", 5, 10, "40 kg ordered for Mon 30 Nov, 5 kg received: overdue", True),
        ("open", 40, 0, "40 kg received, which was not enough", False),
        ("open", 0, 9, "", False),  # somebody took it back, before it was overdue
        ("snoozed", 0, 11, "", False),
    ],
)
def test_order_is_described(
    state: Any, received: int, since: int, text: str, *, is_loud: bool
) -> None:
    order = replace(ORDER, received=Decimal(received))
    one = AlertRow((view("P", "low", state=state, since=since * DAY, order=order),))
    assert order_text(one) == (text, is_loud)


def test_alerts_that_were_ordered_for_together_have_one_order() -> None:
    order = replace(ORDER, received=Decimal(15))
    several = [view("P", kind, state="ordered", order=order).alert for kind in ("low", "out")]
    assert on_order([*several, view("P", "negative", order=order).alert]) == 25
    more = replace(order, received=Decimal(99))
    assert on_order([view("P", "low", state="ordered", order=more).alert]) == 0


@pytest.mark.parametrize(
    ("stock", "point", "rate", "days", "quantity"),
    [
        ("2", "5", 1.5, 30, 48),  # 3 to the point, 45 for the sales
        ("2", "5", None, 30, 4),  # no sales: just above the point
        ("5", "5", None, 30, 1),
        ("-3", "5", 0.1, 30, 11),
        ("0", None, 0.5, 14, 7),
        ("0", None, None, 14, 1),
        ("2.5", "5", None, 30, 3),
        ("60", "5", 1.5, 30, -10),  # what is on order is enough
        ("0", None, 1e22, 14, 14 * 10**22),  # more digits than Python's decimals have by default
    ],
)
def test_suggested_quantity(
    stock: str, point: str | None, rate: float | None, days: int, quantity: int
) -> None:
    limit = None if point is None else Decimal(point)
    assert suggested(Decimal(stock), limit, rate, days) == quantity


def test_reorder_list_leaves_out_what_is_coming_or_not_to_be_reordered() -> None:
    marked = product_of(an_item("M", ProductName="Old", Stock=0, NoReorder=True))
    rows = [row("a", "low", 3, rate=2), row("b", "low", 3), AlertRow((view("M", "out"),), marked)]
    (line,) = lines_of(rows, {"a": Decimal(10), "b": Decimal(50)}, 30)
    assert (line.row.product_id, line.on_order, line.suggested) == ("a", 10, 56)
    exported = dict(zip(reorder_format().columns, reorder_format().cells(line), strict=True))
    assert exported["suggested_quantity"] == 56
    assert reorder_format().document(line)["sold_per_day"] == 2


def test_address_keeps_where_one_is() -> None:
    place = AlertPlace(path="/alerts", tab="reorder", days=60, number=2)
    assert place.here() == "/alerts?tab=reorder&page=2&days=60"
    assert place.of("open") == "/alerts?days=60"
    assert place.export() == "/alerts/export?tab=reorder&page=2&days=60"
    assert AlertPlace(path="/alerts").newest_first() == "/alerts?order=newest"
