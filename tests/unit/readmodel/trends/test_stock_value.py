"""The value of the stock over time goes back from the products as they are."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.readmodel.trends import series
from app.readmodel.trends.periods import (
    period,
)
from tests.support.builders import NOON, an_item, stamped
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, product
from tests.unit.readmodel.trends.kit import ITEM, UTC_ZONE, Shop


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
