"""A description has what lists need of an item, or there is none."""

from pathlib import Path
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.readmodel.past.descriptions import DescribedRow
from app.readmodel.past.past_states import past_states
from app.readmodel.products.product_row import ProductRow
from tests.support.builders import NOON_MS
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, product

LATER = NOON_MS + 10**9
COLUMNS = ("id", "name", "category", "category_key", "tags", "words", "codes", "stock", "price")
OTHERS = ("reorder_point", "low", "updated_at")


def metadata(updated_at: str) -> dict[str, Any]:
    return {"Stockpulse": {"M": {"version": {"N": "1"}, "updated_at": {"S": updated_at}}}}


DESCRIBED = {
    "plain": product("P1", 3, Price=4, ReorderPoint=3, Barcode="4006381333931"),
    "accents": product("Ä-1", 0, ProductName="Thé Ωmega ﬁn", Category="Küche"),
    "not to reorder": product("P1", 1, ReorderPoint=5) | {"NoReorder": {"BOOL": True}},
    "tags": product("P1") | {"Tags": {"SS": ["b", "a"]}},
    "written by Stockpulse": product("P1") | metadata("2026-11-29T10:00:00.123Z"),
    "on a whole second": product("P1") | metadata("2026-11-29T10:00:00Z"),
}
PARSED = {
    "another form of the time": product("P1") | metadata("2026-11-29T10:00:00.000+01:00"),
    "no time": product("P1") | metadata("yesterday"),
    "a time before the first year": product("P1") | metadata("0001-01-01T00:00:00+01:00"),
    "a stock of many digits": product("P1") | {"Stock": {"N": "0.1234567890123456789"}},
}


def states(copy: Copy, *events: ChangeEvent, gone: bool = False) -> list[Any]:
    copy.apply(*events)
    with copy.database.reading() as connection:
        return [state for state in past_states(connection, LATER, deleted=gone) if state]


@pytest.mark.parametrize("item", DESCRIBED.values(), ids=list(DESCRIBED))
def test_described_product_is_as_its_item(item: dict[str, Any], tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    with copy.database:
        (row,) = states(copy, inserted(1, item))
        assert isinstance(row, DescribedRow)
        expected = ProductRow(item, DEFAULT_NAMES)
        for name in (*COLUMNS, *OTHERS):
            found, wanted = getattr(row, name), getattr(expected, name)
            assert (tuple(found) if name == "tags" else found) == wanted, name


@pytest.mark.parametrize("item", PARSED.values(), ids=list(PARSED))
def test_product_that_cannot_be_described_is_parsed(item: dict[str, Any], tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    with copy.database:
        (state,) = states(copy, inserted(1, item))
        assert state.item == item


def test_events_that_change_only_the_stock_share_a_description(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    with copy.database:
        events = [changed(number, product("P1", number)) for number in range(1, 5)]
        (row,) = states(copy, *events, changed(5, product("P1", 7, Price=2)))
        assert (row.stock, row.price) == (7, 2)
        with copy.database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM descriptions").fetchone() == (2,)


def test_deleted_product_is_in_the_list_of_deleted_ones_only(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    with copy.database:
        one = product("P1", 3)
        assert states(copy, inserted(1, one), deleted(2, one)) == []
        (state,) = states(copy, gone=True)
        assert (state.item, state.deleted) == (one, True)


def descriptions(copy: Copy) -> int:
    with copy.database.reading() as connection:
        (count,) = connection.execute("SELECT count(*) FROM descriptions").fetchone()
        return int(count)


def test_description_goes_with_its_last_event(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    with copy.database:
        # Their texts are the same without case; each has a description of its own.
        copy.apply(inserted(1, product("P1", ProductName="x")))
        copy.apply(inserted(2, product("p1", ProductName="x")))
        copy.apply(changed(3, product("p1", 9, ProductName="x")))
        assert descriptions(copy) == 2
        copy.changes.prune(NOON_MS + 3)  # the first two events
        assert descriptions(copy) == 1
        copy.changes.prune(LATER)
        assert descriptions(copy) == 0
