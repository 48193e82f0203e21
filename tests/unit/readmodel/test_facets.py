"""Facets count what each value would leave of a query, up to a cap and within a time."""

from itertools import count, repeat

import pytest

from app.readmodel.events.event_query import EventQuery, Term
from app.readmodel.events.facets import Facet, facets_of
from app.readmodel.products.product_lists import Total
from tests.support.builders import an_event
from tests.unit.readmodel.kit import Copy, key

SOLD = EventQuery(terms=(Term("reason", ("sold",)),))


@pytest.fixture
def shop(copy: Copy) -> Copy:
    """Three sales and a delivery by anna, a sale by till, and an edit outside Stockpulse."""
    changes = [
        *[{"kind": "stock_changed", "reason": "sold", "actor": "anna", "category": "Tea"}] * 3,
        {"kind": "stock_changed", "reason": "received", "actor": "anna", "category": "Cups"},
        {"kind": "stock_changed", "reason": "sold", "actor": "till", "category": "Cups"},
        {"kind": "updated", "reason": None, "actor": None, "category": None},
    ]
    copy.apply(
        *(an_event(n, event_key=key(n), **fields) for n, fields in enumerate(changes, start=1))
    )
    return copy


def facets(copy: Copy, query: EventQuery, **given: object) -> dict[str, list[tuple[str, int]]]:
    """Each qualifier's values with their counts; -1 where there was no time to count."""
    with copy.database.reading() as connection:
        found = facets_of(connection, query, **given)  # type: ignore[arg-type]
    return {one.qualifier: [(v, t.count if t else -1) for v, t in one.values] for one in found}


def test_values_of_all_events_are_counted_most_frequent_first(shop: Copy) -> None:
    assert facets(shop, EventQuery()) == {
        "kind": [("stock_changed", 5), ("updated", 1)],
        "reason": [("sold", 4), ("received", 1)],
        "actor": [("anna", 4), ("till", 1)],
        "category": [("Tea", 3), ("Cups", 2)],
    }


def test_other_values_of_a_qualifier_in_the_query_are_alternatives_to_it(shop: Copy) -> None:
    found = facets(shop, SOLD)
    assert found["reason"] == [("sold", 4), ("received", 1)]
    assert found["actor"] == [("anna", 3), ("till", 1)]
    assert found["category"] == [("Tea", 3), ("Cups", 1)]


def test_value_of_the_query_is_listed_even_without_events(shop: Copy) -> None:
    query = EventQuery(terms=(Term("actor", ("nobody",), negated=True),))
    assert facets(shop, query)["actor"] == [("anna", 4), ("till", 1), ("nobody", 0)]


def test_large_counts_are_capped(shop: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.readmodel.events.event_lists.CAPPED", 2)
    with shop.database.reading() as connection:
        actors = facets_of(connection, EventQuery())[2]
    values = [("anna", Total(2, exact=False)), ("till", Total(1, exact=True))]
    assert actors == Facet("actor", values)


def test_what_there_is_no_time_to_count_has_no_exact_count(shop: Copy) -> None:
    late = count(0, 1000).__next__
    found = facets(shop, EventQuery(), clock=late)
    assert found["kind"][0] == ("inserted", -1)
    assert found["actor"] == [("anna", 4), ("till", 1)]  # at least: these were read anyway
    assert facets(shop, EventQuery(), clock=repeat(0.0).__next__)["kind"][0][1] == 5
