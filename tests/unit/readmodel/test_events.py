"""Whatever order events come in, and however often, each is kept once, where it arrived first."""

import dataclasses
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import ChangeEvent
from app.readmodel.events.event_row import decoded, encoded
from app.readmodel.events.event_table import first_number, prune
from app.readmodel.events.event_terms import LARGEST, class_terms, size_class, text_of
from app.readmodel.events.qualifiers import parse
from app.readmodel.products.product_query import ProductQuery
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, key, product

EVENTS = (
    inserted(1, product("P1", 1), note="from the depot in Łódź"),
    changed(2, product("P1", 2), actor="anna", reason="sold"),
    deleted(3, product("P1", 2)),
)


def at(ms: int, n: int = 0, writer: str = "0000abcd") -> Cursor:
    return Cursor(NOON_MS + ms, writer, n)


def keep(copy: Copy, *arrived: Arrived) -> None:
    with copy.database.writing() as connection:
        copy.changes.keep(connection, arrived)


def kept(copy: Copy) -> list[tuple[str, ChangeEvent]]:
    """Cursors and events, oldest first."""
    with copy.database.reading() as connection:
        rows = connection.execute("SELECT cursor, event FROM events ORDER BY number")
        return [(cursor, decoded(data)) for cursor, data in rows]


def found(copy: Copy, query: str) -> list[str]:
    """The keys of the events that a search finds, oldest first."""
    page = copy.event_lists.page(parse(query, ZoneInfo("UTC")), 100, "oldest")
    return [event.event_key for _, event in page.items]


ARRIVALS = [
    (at(5), EVENTS[1]),
    (at(3), EVENTS[0]),
    (at(4), EVENTS[1]),
    (at(4, 1), EVENTS[2]),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_event_is_where_it_arrived_first(copy: Copy, order: tuple[int, ...]) -> None:
    for number in order:
        keep(copy, ARRIVALS[number])
    in_order = [(at(3), EVENTS[0]), (at(4), EVENTS[1]), (at(4, 1), EVENTS[2])]
    assert kept(copy) == [(str(cursor), event) for cursor, event in in_order]
    assert found(copy, "kind:deleted") == [key(3)]
    assert found(copy, "actor:anna product:P1") == [key(2)]
    assert found(copy, '"depot in" ŁODZ') == [key(1)]


def test_cursors_of_two_writers_in_one_millisecond_do_not_collide(copy: Copy) -> None:
    keep(copy, *((at(0, 0, f"ab00000{n}"), EVENTS[n]) for n in range(3)))
    assert {event.event_key for _, event in kept(copy)} == {key(1), key(2), key(3)}


def test_internal_events_are_kept_but_not_found(copy: Copy) -> None:
    internal = changed(1, product("P1"), kind="internal")
    gap = changed(2, product("P1"), kind="gap", product_id="\0shard", after=None)
    keep(copy, (at(1), internal), (at(2), gap))
    assert kept(copy) == [(str(at(1)), internal), (str(at(2)), gap)]
    assert found(copy, "") == found(copy, "kind:gap") == [key(2)]
    with copy.database.writing() as connection:
        prune(connection, NOON_MS + 2000, 5)
    assert kept(copy) == []


def test_filled_product_without_a_row_was_deleted(copy: Copy) -> None:
    copy.scan(product("P1", 7))
    events = (
        inserted(1, product("P1", 1)),
        inserted(2, product("P2", 2)),
        deleted(3, product("P2", 3)),
        inserted(4, product("P3", 4)),
    )
    with copy.database.writing() as connection:
        copy.changes.fill(connection, [(at(n), events[n]) for n in (3, 2, 1, 0)])
    assert copy.stocks() == {"P1": 7}
    gone = copy.lists.page(ProductQuery(deleted=True), 9).items
    assert [(one.product_id, one.stock) for one in gone] == [("P2", 3), ("P3", 4)]


def test_expired_events_are_pruned_oldest_first(copy: Copy) -> None:
    keep(copy, *((at(n * 1000), EVENTS[n]) for n in range(3)))
    for left in (2, 1, 1):
        with copy.database.writing() as connection:
            prune(connection, NOON_MS + 2000, 1)
        assert len(kept(copy)) == left
    assert kept(copy)[0][1] == EVENTS[2]
    assert found(copy, "product:P1") == [key(3)]
    assert first_number(NOON_MS) < first_number(NOON_MS + 1)


TEXTS = st.none() | st.text(max_size=5) | st.just("half an emoji \ud83d")
IMAGES = st.none() | st.just(
    {
        "ProductID": {"S": "P\ud83d"},
        "Blob": {"B": b"\x00\xff"},
        "Blobs": {"BS": [b"a", b"b"]},
        "Deep": {"M": {"list": {"L": [{"N": "1E-130"}, {"NULL": True}, {"B": b""}]}}},
        "Exact": {"N": "12345678901234567890123456789012345678"},
    }
)


@given(
    texts=st.lists(TEXTS, min_size=7, max_size=7),
    images=st.tuples(IMAGES, IMAGES),
    stocks=st.tuples(*[st.none() | st.decimals(allow_nan=False, allow_infinity=False)] * 2),
    seconds=st.integers(0, 10**8),
)
def test_kept_event_is_the_same_event(
    texts: list[str | None], images: tuple[Any, Any], stocks: tuple[Any, Any], seconds: int
) -> None:
    names = ("product_name", "actor", "reason", "note", "reference", "request_id", "category")
    event = an_event(
        **dict(zip(names, texts, strict=True)),
        before=images[0],
        after=images[1],
        stock_before=stocks[0],
        stock_after=stocks[1],
        occurred_at=NOON - timedelta(milliseconds=seconds),
        changed=("Stock", "x\ud83d"),
        images_omitted=images[0] is None,
    )
    assert dataclasses.asdict(decoded(encoded(event))) == dataclasses.asdict(event)


@given(st.decimals(0, 10**30, allow_nan=False), st.decimals(0, 10**30, allow_nan=False))
def test_size_classes_rise_with_the_size(one: Decimal, other: Decimal) -> None:
    small, large = sorted((float(one), float(other)))
    assert 0 <= size_class(small) <= size_class(large) <= LARGEST


def test_each_small_size_has_a_class_of_its_own() -> None:
    sizes = (0.0, 0.5, 1.0, 1.5, 63.0, 63.9, 64.0, 1e300)
    assert [size_class(size) for size in sizes] == [0, 1, 2, 3, 126, 127, 128, LARGEST]


@given(st.lists(st.integers(0, LARGEST), min_size=3, max_size=3))
def test_terms_of_a_range_of_classes_are_those_of_its_sizes(numbers: list[int]) -> None:
    first, last, other = *sorted(numbers[:2]), numbers[2]
    size = next(n for n in (other / 2, 64 * 2.0 ** ((other - 127.5) / 8)) if size_class(n) == other)
    event = an_event(stock_before=Decimal(0), stock_after=Decimal(size), kind="stock_changed")
    terms = class_terms(first, last)
    assert len(terms) <= 30
    assert (first <= other <= last) == bool(set(terms) & set(text_of(event).split()))
