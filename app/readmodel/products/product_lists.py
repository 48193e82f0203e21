"""A page costs what it shows, and a search what its words have; totals are capped at 10,000."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from app.core.item import AttributeNames, Item, from_canonical
from app.readmodel.database import Database
from app.readmodel.products.product_query import (
    ProductQuery,
    decode_place,
    encode_place,
    words_of,
)
from app.readmodel.products.product_row import storable
from app.readmodel.products.product_sql import (
    Selectivity,
    count,
    count_low,
    count_with_tag,
    count_with_word,
    of_barcode,
    page,
)
from app.readmodel.schema import WITH_ITEMS
from app.store.dynamodb.paging import PageRoom
from app.store.products.model import Product, product_of

CAPPED = 10_000  # up to here a total is counted without asking
_KNOWN = 4_096  # products whose items are not read again until they change
_FEW = 6_000  # products to start from; past that, going through them in order finds a page sooner

# Looks up the next category in the index each time, so it costs what it returns.
_CATEGORIES = """
WITH RECURSIVE next (found) AS (
    SELECT min(category) FROM products WHERE category > '' AND deleted = 0
    UNION ALL
    SELECT (SELECT min(category) FROM products WHERE category > found AND deleted = 0)
    FROM next WHERE found IS NOT NULL
)
SELECT found FROM next WHERE found IS NOT NULL LIMIT ?
"""

Totals = Literal["none", "capped", "exact"]
_Row = tuple[Any, str, int]  # sort key, id, number


@dataclass(frozen=True, slots=True)
class Total:
    """How many products a query has; if not `exact`, there are more."""

    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Some products of a list in its order; `total` is None if it was not asked for.

    `unknown`: of a list of the past, how many products that were looked at have no stored state.
    """

    items: list[Product]
    next_cursor: str | None
    total: Total | None = None
    unknown: int | None = None


class ProductLists:
    """Answers list queries from the copy."""

    def __init__(self, database: Database, names: AttributeNames) -> None:
        self._database = database
        self._names = names
        self._known = lru_cache(_KNOWN)(self._product)  # the same ones are asked for all the time

    def page(
        self, query: ProductQuery, limit: int, cursor: str | None = None, totals: Totals = "none"
    ) -> ProductPage:
        """Up to `limit` products after the cursor, fewer if they are large (`PageRoom`).

        Raises:
            InvalidCursor: no page of this list in this order returned the cursor.
            sqlite3.Error: the copy cannot be read.

        """
        after = None if cursor is None else decode_place(query, cursor)
        with self._database.reading() as connection:
            selectivity = selectivity_of(connection, query)
            found = connection.execute(*page(query, limit + 1, after, selectivity))
            rows, items, more = _fitting(connection, found, PageRoom(limit))
            total = None
            if totals != "none":
                most = None if totals == "exact" else CAPPED + 1
                (counted,) = connection.execute(*count(query, most, selectivity)).fetchone()
                exact = totals == "exact" or counted <= CAPPED
                total = Total(counted if exact else CAPPED, exact)
        following = encode_place(query, rows[-1][:2]) if more else None
        return ProductPage([self._product(item) for item in items], following, total)

    def some(self, product_ids: Sequence[str]) -> list[Product]:
        """The products among these ids that exist, in the order of the ids.

        Raises:
            sqlite3.Error: the copy cannot be read.

        """
        row_ids = [storable(product_id) for product_id in product_ids]
        items = self._items(row_ids)
        return [self._known(items[row_id]) for row_id in row_ids if row_id in items]

    def items(self, product_ids: Iterable[str]) -> dict[str, Item]:
        """The items of those of these products that exist, by product id; raises as `some`."""
        row_ids = {product_id: storable(product_id) for product_id in product_ids}
        items = self._items(list(row_ids.values()))
        return {
            product_id: from_canonical(items[row_id])
            for product_id, row_id in row_ids.items()
            if row_id in items
        }

    def _items(self, row_ids: Sequence[str]) -> dict[str, bytes]:
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT id, item FROM {WITH_ITEMS} "  # noqa: S608 - constants
                "WHERE NOT deleted AND id IN (SELECT value FROM json_each(?))",
                (orjson.dumps(row_ids).decode(),),
            )
            return dict(found.fetchall())

    def with_barcode(self, code: str, most: int) -> list[Product]:
        """Up to `most` products with this barcode, whatever its case.

        Raises:
            sqlite3.Error: the copy cannot be read.

        """
        with self._database.reading() as connection:
            found = connection.execute(*of_barcode(code, most))
            return [self._product(item) for (item,) in found]

    def categories(self, most: int) -> list[str]:
        """Up to `most` categories that products have, sorted.

        Raises:
            sqlite3.Error: the copy cannot be read.

        """
        with self._database.reading() as connection:
            return [name for (name,) in connection.execute(_CATEGORIES, (most,))]

    def has(self, product_id: str, version: int | None) -> bool:
        """Whether lists have a product in at least this version; None: whether it is deleted.

        Raises:
            sqlite3.Error: the copy cannot be read.

        """
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT deleted, item FROM {WITH_ITEMS} WHERE id = ?",  # noqa: S608 - constants
                (storable(product_id),),
            ).fetchone()
        if found is None or found[0]:
            return version is None
        return version is not None and self._product(found[1]).version >= version

    def _product(self, item: bytes) -> Product:
        return product_of(from_canonical(item), self._names)


def selectivity_of(connection: sqlite3.Connection, query: ProductQuery) -> Selectivity:
    """What of the query fewer than `_FEW` products meet, and what nearly all meet."""

    def found(statement: str, values: Sequence[Any]) -> int:
        (number,) = connection.execute(statement, values).fetchone()
        return int(number)

    words = words_of(query.q)
    products = found("SELECT ifnull(max(number), 0) FROM products", ()) if words else 0
    most = max(_FEW, products * 9 // 10)
    having = {word: found(*count_with_word(word, most)) for word in words}
    return Selectivity(
        few_words=[word for word in words if having[word] < _FEW],
        few_tag=query.tag is not None and found(*count_with_tag(query.tag, _FEW)) < _FEW,
        few_low=query.low and found(*count_low(query, _FEW)) < _FEW,
        most_words=[word for word in words if having[word] >= most],
    )


def _fitting(
    connection: sqlite3.Connection, found: Iterable[_Row], room: PageRoom
) -> tuple[list[_Row], list[bytes], bool]:
    """The rows that fit, their items, and whether there are more rows."""
    rows: list[_Row] = []
    items: list[bytes] = []
    for row in found:
        if room.full:
            return rows, items, True
        item = connection.execute(
            "SELECT item FROM product_items WHERE number = ?", row[-1:]
        ).fetchone()
        if item is None:  # the file is damaged, and replaced then
            raise sqlite3.DatabaseError(f"the item of product {row[1]!r} is missing")
        rows.append(row)
        items.append(item[0])
        room.take(len(item[0]))
    return rows, items, False
