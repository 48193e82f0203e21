"""Which changes of alerts tell something: what happens by itself, not what people do."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES
from app.notifications.sources import of_event, of_transition
from app.store.alerts.alert import ProductAlerts
from app.store.alerts.alert_rows import writes
from app.store.alerts.decision import STAYS_ABOVE_MS, Decided, Seen, acted, after_event, elapsed
from app.store.alerts.levels import Levels
from tests.support.builders import NOON_MS, an_event, an_item

DAY = 24 * 3600 * 1000


def levels(stock: int, *, exists: bool = True) -> Levels:
    return Levels(Decimal(stock), Decimal(5), None, "Blue mug", exists=exists)


def rows(known: ProductAlerts, decided: Decided) -> list[dict[str, Any]]:
    """The rows of the log that a decision writes."""
    puts = [request["Item"] for name, request in writes(known, decided, NOON_MS) if name == "Put"]
    return [row for row in puts if row["Kind"]["S"] == "alert-transition"]


def step(known: ProductAlerts, decided: Decided) -> tuple[ProductAlerts, list[str]]:
    """The alerts after a decision, and the kinds of notices that it tells."""
    told = [of_transition(row) for row in rows(known, decided)]
    return decided.after, [one.kind for one in told if one is not None]


def sold_out() -> tuple[ProductAlerts, list[str]]:
    known = ProductAlerts("P1")
    return step(known, after_event(known, Seen("k1", NOON_MS, levels(0))))


def test_an_alert_that_opens_tells_its_kind_and_levels() -> None:
    known = ProductAlerts("P1")
    first, *_ = rows(known, after_event(known, Seen("k1", NOON_MS - 5, levels(3))))
    notice = of_transition(first)
    assert notice is not None
    assert (notice.kind, notice.product_id, notice.product_name) == ("low", "P1", "Blue mug")
    assert (notice.stock, notice.point) == (Decimal(3), Decimal(5))
    assert (notice.id, notice.at_ms) == (first["ID"]["S"], NOON_MS)
    assert int(notice.at.timestamp() * 1000) == NOON_MS - 5
    assert sold_out()[1] == ["low", "out"]


def test_the_end_of_out_is_back_in_stock_and_the_end_of_low_is_nothing() -> None:
    known, _ = sold_out()
    known, told = step(known, after_event(known, Seen("k2", NOON_MS + 1, levels(40))))
    known, later = step(known, elapsed(known, NOON_MS + STAYS_ABOVE_MS + 1))
    assert told + later == ["back_in_stock"]


def test_a_deleted_product_is_not_back_in_stock() -> None:
    known, _ = sold_out()
    seen = Seen("k2", NOON_MS + 1, Levels(exists=False), may_flap=False)
    assert step(known, after_event(known, seen))[1] == []


@pytest.mark.parametrize("state", ["acknowledged", "snoozed", "open"])
def test_what_people_do_tells_nobody(state: Any) -> None:
    known, _ = sold_out()
    known, _ = step(known, acted(known, ["out"], "acknowledged", "ada", NOON_MS))
    until = NOON_MS + DAY if state == "snoozed" else None
    done, told = step(known, acted(known, ["out"], state, "bob", NOON_MS + 1, until=until))
    assert (done.alerts["out"].state, told) == (state, [])


def test_an_alert_that_opens_again_after_its_snooze_tells() -> None:
    known, _ = sold_out()
    kinds: Any = ["low", "out"]
    known, _ = step(known, acted(known, kinds, "snoozed", "ada", NOON_MS, until=NOON_MS + DAY))
    assert sorted(step(known, elapsed(known, NOON_MS + DAY))[1]) == kinds


def test_an_event_tells_the_levels_after_it_and_an_internal_one_nothing() -> None:
    after = an_item(ProductName="Blue mug", Stock=9, ReorderPoint=10)
    notice = of_event(an_event(after=after, stock_after=Decimal(9)), NOON_MS, DEFAULT_NAMES)
    assert notice is not None
    assert (notice.id, notice.kind) == (an_event().id, "stock_changed")
    assert (notice.stock, notice.point) == (Decimal(9), Decimal(10))
    assert of_event(an_event(kind="internal"), NOON_MS) is None
