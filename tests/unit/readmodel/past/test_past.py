"""A list of the past is the list that the table's content at that time would have given."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import PastNotKept, ProductGone, ProductNotFound
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.readmodel.past import past_lists
from app.readmodel.past.past_lists import PastLists
from app.readmodel.past.past_states import PastState, past_state
from app.readmodel.products.product_query import SORT_KEYS, ProductQuery
from app.store.audit.as_of import Past
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import successor
from app.store.audit.entry import Signer
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import NOON, NOON_MS, an_event, an_item
from tests.support.fakes.fake_tables import FakeTables
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, product

NAMES = ("Ärmel", "blue mug", "Blue", "", "Zoo")


@st.composite
def products(draw: st.DrawFn) -> dict[str, Any]:
    """Attributes of a product; few different ones, so that many are equal."""
    return {
        "stock": draw(st.integers(-2, 4)),
        "ProductName": draw(st.sampled_from(NAMES)),
        "Category": draw(st.sampled_from(["Kitchen", "kitchen", "Garden"])),
        "Barcode": draw(st.sampled_from(["4006381333931", "x-77"])),
        "ReorderPoint": draw(st.integers(0, 3)),
        "Price": draw(st.sampled_from([0, 5, 10])),
        "Tags": {"L": [{"S": "red"}]} if draw(st.booleans()) else {"L": []},
    }


# The product's number and what is put there; None deletes it.
WRITES = st.lists(st.tuples(st.integers(0, 3), st.none() | products()), max_size=14)

QUERIES = st.builds(
    ProductQuery,
    q=st.sampled_from(["", "", "bl", "mug blue", "381", "p1", "arm"]),
    category=st.sampled_from([None, None, "Kitchen"]),
    tag=st.sampled_from([None, None, "red"]),
    low=st.booleans(),
    out=st.booleans(),
    deleted=st.booleans(),
    ranges=st.sampled_from([{}, {"stock": (Decimal(1), None)}, {"price": (None, Decimal(5))}]),
    sort=st.sampled_from(SORT_KEYS),
    descending=st.booleans(),
)


def events_of(writes: list[tuple[int, dict[str, Any] | None]]) -> Iterator[ChangeEvent]:
    """The events of writes a second apart."""
    shelf: dict[str, dict[str, Any]] = {}
    for number, (which, fields) in enumerate(writes, 1):
        name, at = f"P{which}", {"occurred_at": NOON + timedelta(seconds=number)}
        before = shelf.pop(name, None)
        if fields is not None:
            shelf[name] = product(name, **fields)
            make = inserted if before is None else changed
            yield make(number, shelf[name], before=before, **at)
        elif before is not None:
            yield deleted(number, before, **at)


def pages(lists: PastLists, query: ProductQuery, moment: datetime, limit: int) -> list[Any]:
    """All products of a list of the past, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = lists.page(query, moment, limit, cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


@given(WRITES, st.integers(0, 14), QUERIES, st.integers(1, 3), st.sampled_from([0, 1, 9]))
def test_list_equals_that_of_the_replayed_table(
    writes: list[Any], second: int, query: ProductQuery, limit: int, lookups: int
) -> None:
    moment = NOON + timedelta(seconds=second)
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        now, then = Copy(Path(one)), Copy(Path(other))
        with now.database, then.database:
            events = list(events_of(writes))
            now.apply(*events)
            then.apply(*(event for event in events if event.occurred_at <= moment))
            expected = then.lists.page(query, 200, totals="exact")
            lists = PastLists(now.database, DEFAULT_NAMES)
            with patch.object(past_lists, "_CHECKED", lookups):
                assert pages(lists, query, moment, limit) == expected.items
            counted = lists.page(query, moment, 1, totals="exact")
            assert (counted.total, counted.unknown) == (expected.total, 0)


def event(
    number: int, seconds: float, was: int | None, left: int | None, **fields: Any
) -> ChangeEvent:
    """The event of a change of stock; None: no item."""
    name = "INSERT" if was is None else "REMOVE" if left is None else "MODIFY"
    kind = {"INSERT": "inserted", "REMOVE": "deleted", "MODIFY": "stock_changed"}[name]
    values = {
        "kind": kind,
        "event_name": name,
        "occurred_at": NOON + timedelta(seconds=seconds),
        "before": None if was is None else an_item(Stock=was),
        "after": None if left is None else an_item(Stock=left),
    }
    return an_event(number, **values | fields)


def reconciled(behind: int, seconds: float, was: int | None, left: int | None) -> ChangeEvent:
    """A difference that was found behind the event of this number."""
    key_behind = successor(key_of(behind), "r")
    return event(behind, seconds, was, left, kind="reconciled", event_key=key_behind)


def key_of(number: int) -> str:
    return an_event(number).event_key


HISTORIES = {
    "plain": [event(1, 0, None, 5), event(2, 1, 5, 3), event(3, 2, 3, None), event(4, 3, None, 9)],
    "begins in the middle": [event(1, 0, 5, 4), event(2, 1, 4, 3)],
    "void": [event(1, 0, None, 5), reconciled(1, 3, 5, 3), event(2, 2, 5, 3), event(3, 4, 3, 2)],
    "not void": [event(1, 0, None, 5), reconciled(1, 1, 5, 3), event(2, 2, 3, 2)],
    "found gone": [event(1, 0, None, 5), reconciled(1, 1, 5, None), event(2, 3, None, 1)],
    "void and gone": [event(1, 0, None, 5), reconciled(1, 3, 5, None), event(2, 2, 5, None)],
    "marked": [event(1, 0, None, 5), event(2, 1, 5, 5, kind="internal"), event(3, 2, 5, None)],
    "gap": [event(1, 0, None, 5), event(2, 1, 5, 5, kind="gap", before=None, after=None)],
    "same second": [event(1, 0, None, 5), event(2, 0, 5, 4), event(3, 0, 4, 3)],
    "keys only": [event(1, 0, None, 5, after=None, view_type="KEYS_ONLY")],
    "old image": [event(1, 0, 5, 4, after=None, view_type="OLD_IMAGE")],
    "omitted": [event(1, 0, None, 5), event(2, 1, 5, 4, images_omitted=True)],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_state_is_that_of_the_audit(copy: Copy, name: str) -> None:
    tables: Any = FakeTables(
        {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}
    )
    signer = Signer("k", b"k" * 32)
    audit = AuditRepository(
        tables, "ProductEvents", Feed(tables, "Feed"), signer, CursorClock(0).stamp
    )
    for one in HISTORIES[name]:
        audit.append_if_absent(one)
        stored = audit.get((one.product_id, one.event_key))
        assert stored is not None
        copy.apply(stored)
    past = Past(audit, DEFAULT_NAMES)
    for tenths in range(-5, 50, 5):
        moment = NOON + timedelta(seconds=tenths / 10)
        assert of_the_copy(copy, tenths * 100) == of_the_audit(past, moment), moment


def of_the_copy(copy: Copy, ms: int) -> Any:
    with copy.database.reading() as connection:
        state = past_state(connection, "P1", NOON_MS + ms)
    if state is None:
        return None
    if state.deleted:
        return "deleted"
    return "unknown" if state.item is None else state.item["Stock"]["N"]


def of_the_audit(past: Past, moment: datetime) -> Any:
    try:
        return str(past.product("P1", moment).stock)
    except ProductNotFound:
        return None
    except ProductGone:
        return "deleted"
    except PastNotKept:
        return "unknown"


def test_deleted_product_is_as_it_was_last(copy: Copy) -> None:
    copy.apply(event(1, 0, None, 5), event(2, 1, 5, 3), event(3, 2, 3, None))
    with copy.database.reading() as connection:
        assert past_state(connection, "P1", NOON_MS + 9_000) == PastState(
            an_item(Stock=3), deleted=True
        )


def test_unknown_states_are_counted_and_not_listed(copy: Copy) -> None:
    copy.apply(*HISTORIES["begins in the middle"], inserted(9, product("P9")))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    for query in (ProductQuery(), ProductQuery(sort="stock")):
        page = lists.page(query, NOON - timedelta(1), 5)
        assert (page.items, page.unknown) == ([], 1)


def test_deleted_product_without_an_image_is_not_counted_as_unknown(copy: Copy) -> None:
    copy.apply(event(1, 0, None, 5), event(2, 1, 5, None, before=None, view_type="KEYS_ONLY"))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    for query in (ProductQuery(), ProductQuery(sort="stock")):
        assert lists.page(query, NOON + timedelta(1), 5).unknown == 0
        assert lists.page(replace(query, deleted=True), NOON + timedelta(1), 5).unknown == 1


def test_product_whose_events_have_all_expired_is_unknown(copy: Copy) -> None:
    copy.apply(inserted(1, product("P1")), inserted(2, product("P2")), deleted(3, product("P2")))
    copy.changes.prune(NOON_MS + 100)
    copy.apply(inserted(4, product("P4")))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    for query in (ProductQuery(), ProductQuery(sort="stock")):
        page = lists.page(query, NOON + timedelta(1), 5)
        assert ([one.product_id for one in page.items], page.unknown) == (["P4"], 1)
