"""A search has the same answer wherever it starts, and starts from what few products have."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from app.readmodel.products import product_lists
from app.readmodel.products.product_lists import selectivity_of
from app.readmodel.products.product_query import ProductQuery, SortKey
from app.readmodel.products.product_sql import Selectivity, page
from tests.unit.readmodel.kit import Copy, changed, deleted, product


@pytest.mark.parametrize("few", [0, 2, 4])
@pytest.mark.parametrize("sort", ["id", "name"])
@pytest.mark.parametrize("q", ["", "blue", "blue 1", "p1", "mug blue", "blue p1", "zebra"])
@pytest.mark.parametrize("filters", [{}, {"tag": "red"}, {"low": True}, {"deleted": True}])
def test_answer_does_not_depend_on_where_the_search_begins(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, few: int, sort: SortKey, q: str, filters: Any
) -> None:
    for n in range(12):
        name = f"{'blue' if n % 6 else 'green'} {'mug' if n % 4 else 'cup'} {n % 3}"
        one = product(f"P{n:02}", n, ProductName=name, ReorderPoint=3)
        copy.scan(one | {"Tags": {"L": [{"S": "red"}]}} if n % 3 else one)
    copy.apply(deleted(1, product("P10", ProductName="blue mug 1")))
    query = ProductQuery(q=q, sort=sort, **filters)
    whole = copy.lists.page(query, 50, totals="exact")
    monkeypatch.setattr(product_lists, "_FEW", few)
    assert copy.lists.page(query, 50, totals="exact") == whole
    first = copy.lists.page(query, 2)
    monkeypatch.setattr(product_lists, "_FEW", 6_000)  # the next page may start elsewhere
    rest = copy.lists.page(query, 50, first.next_cursor).items if first.next_cursor else []
    assert first.items + rest == whole.items


def test_search_starts_from_what_few_products_have(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.scan(*(product(f"P{n:02}", n, ProductName="blue", ReorderPoint=1) for n in range(10)))
    copy.scan(product("P10", ProductName="red kite") | {"Tags": {"L": [{"S": "new"}]}})
    monkeypatch.setattr(product_lists, "_FEW", 5)
    query = ProductQuery(q="blue kite red", tag="new", low=True)
    with copy.database.reading() as connection:
        found = selectivity_of(connection, query)
        assert found == Selectivity(
            ["kite", "red"], few_tag=True, few_low=True, most_words=["blue"]
        )
        assert not selectivity_of(connection, ProductQuery(q="blue")).has_few
        for some in (ProductQuery(tag="new"), ProductQuery(low=True), ProductQuery(q="kite")):
            plan = first_step(connection, some)
            assert not plan.startswith("SEARCH products USING INDEX by_name"), plan
        assert "by_name" in first_step(connection, ProductQuery(q="blue"))


def first_step(connection: sqlite3.Connection, query: ProductQuery) -> str:
    """How SQLite begins a list by name."""
    query = replace(query, sort="name")
    statement, values = page(query, 5, None, selectivity_of(connection, query))
    return str(connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchone()[3])


def test_barcode_is_found_by_its_new_signs(copy: Copy) -> None:
    copy.scan(product("P1", Barcode="ax-77"))
    copy.apply(changed(1, product("P1", Barcode="ax/77")))
    assert (copy.ids(q="x/77"), copy.ids(q="x-77")) == (["P1"], [])
    assert [one.product_id for one in copy.lists.with_barcode("ax/77", 5)] == ["P1"]


def test_product_without_its_item_is_damage(copy: Copy) -> None:
    copy.scan(product("MUG-1"))
    with copy.database.writing() as connection:
        connection.execute("DELETE FROM product_items")
    with pytest.raises(sqlite3.DatabaseError, match="MUG-1"):
        copy.ids()
