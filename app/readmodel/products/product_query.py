"""A list query becomes SQL with bound values, so that no text of a user is ever syntax. Pure.

Each word of `q` must be found: as the beginning of a word anywhere in the product's texts, or, from
three characters on, anywhere in its id or barcode.
"""

import base64
import binascii
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

import orjson

from app.core.errors import InvalidCursor
from app.readmodel.products.product_row import folded, spaced, storable
from app.readmodel.schema import NO_NUMBER, WITH_ITEMS

SortKey = Literal["id", "name", "category", "stock", "price", "reorder_point", "updated_at"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
_COLUMN = {"id": "id", "category": "category_key"}  # others have the sort key's name

WORDS = 8  # of a query; further ones are ignored
WORD_LENGTH = 100  # characters; the rest of a word is ignored
_PREFIX = "p."  # of cursors; no cursor of the products table contains a dot
_SHORTEST = 3  # characters of a part: the trigram index finds nothing shorter


RangeKey = Literal["stock", "price"]
Range = tuple[Decimal | None, Decimal | None]  # inclusive; None for no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductQuery:
    """Which products to list, in which order."""

    q: str = ""
    category: str | None = None
    tag: str | None = None
    low: bool = False
    out: bool = False
    deleted: bool = False
    ranges: Mapping[RangeKey, Range] = field(default_factory=dict)
    sort: SortKey = "id"
    descending: bool = False

    @property
    def column(self) -> str:
        """The column that the products are sorted by."""
        return _COLUMN.get(self.sort, self.sort)

    @property
    def filters(self) -> bool:
        """Whether it selects anything but all products."""
        return self != ProductQuery(sort=self.sort, descending=self.descending)


def order_of(sort: str) -> tuple[SortKey, bool]:
    """One of `SORT_KEYS` and whether the order is descending, which a `-` before it says."""
    key: SortKey = sort.removeprefix("-")  # type: ignore[assignment]  # each is one, with a sign
    return key, sort.startswith("-")


def ranges_of(stock: Range, price: Range) -> dict[RangeKey, Range]:
    """The ranges that have a limit."""
    given: dict[RangeKey, Range] = {"stock": stock, "price": price}
    return {name: limits for name, limits in given.items() if limits != (None, None)}


Place = tuple[Any, str]  # the sort key and the id of the last product of a page


def condition(query: ProductQuery, *, few: bool) -> tuple[str, list[Any]]:
    """The query's WHERE condition and its values.

    `few`: the words' products are looked up in the full-text indexes. `+` hides the index of the
    order from SQLite, so that it begins with them. Otherwise each product is tested, in order.
    """
    clauses, values = ["+deleted = ?" if few else "deleted = ?"], [query.deleted]

    def add(clause: str, *given: Any) -> None:
        clauses.append(clause)
        values.extend(given)

    if query.category is not None:
        add("category = ?", storable(query.category))
    if query.tag is not None:
        add("number IN (SELECT number FROM product_tags WHERE tag = ?)", storable(query.tag))
    if query.low:
        add("low")
    if query.out:
        add("stock <= 0 AND stock > ?", NO_NUMBER)
    for column, (least, most) in query.ranges.items():
        add(f"{column} BETWEEN ? AND ?", *limits(least, most))
    for word in words_of(query.q):
        if few:
            lookups, given = _lookups(word)
            add(f"number IN ({' UNION '.join(lookups)})", *given)
        else:
            add("(instr(words, ?) OR instr(codes, ?))", spaced(word), part_of(word) or "\n\n")
    return " AND ".join(clauses), values


def page(
    query: ProductQuery, limit: int, after: Place | None, *, few: bool
) -> tuple[str, list[Any]]:
    """The statement for up to `limit` rows: sort key, id and number of each."""
    where, values = condition(query, few=few)
    column, order = query.column, "DESC" if query.descending else "ASC"
    if after is not None:
        where += f" AND ({column}, id) {'<' if query.descending else '>'} (?, ?)"
        values += after
    statement = (
        f"SELECT {column}, id, number FROM products WHERE {where} "  # noqa: S608 - bound values
        f"ORDER BY {column} {order}, id {order} LIMIT ?"
    )
    return statement, [*values, limit]


def count(query: ProductQuery, most: int | None, *, few: bool) -> tuple[str, list[Any]]:
    """The statement that counts the query's products, up to `most` if given."""
    where, values = condition(query, few=few)
    statement = f"SELECT 1 FROM products WHERE {where}"  # noqa: S608 - bound values
    if most is not None:
        statement, values = f"{statement} LIMIT ?", [*values, most]
    return f"SELECT count(*) FROM ({statement})", values  # noqa: S608 - bound values


def of_barcode(code: str, most: int) -> tuple[str, list[Any]]:
    """The statement for the items of products with a barcode; it is the last line of `codes`."""
    line = "\n" + folded(code)
    if part := part_of(line[1:]):
        where = "number IN (SELECT rowid FROM product_parts WHERE product_parts MATCH ?)"
    else:  # the index finds nothing so short
        where, part = "instr(codes, ?)", line
    given = _quoted(part) if part != line else part
    statement = f"SELECT item FROM {WITH_ITEMS} WHERE {where} AND NOT deleted "  # noqa: S608
    return statement + "AND substr(codes, -?) = ? ORDER BY id LIMIT ?", [
        given,
        len(line),
        line,
        most,
    ]


def matches(word: str, most: int) -> tuple[str, list[Any]]:
    """The statement that counts the products with a word, roughly: up to `most` of each index."""
    lookups, given = _lookups(word)
    counts = [f"(SELECT count(*) FROM ({lookup} LIMIT {most:d}))" for lookup in lookups]  # noqa: S608
    return f"SELECT {' + '.join(counts)}", given


def _lookups(word: str) -> tuple[list[str], list[Any]]:
    """The lookups of a word in the full-text indexes, and their values."""
    lookups = ["SELECT rowid FROM product_words WHERE product_words MATCH ?"]
    given = [f"{_quoted(word)} *"]
    if part := part_of(word):
        lookups.append("SELECT rowid FROM product_parts WHERE product_parts MATCH ?")
        given.append(_quoted(part))
    return lookups, given


def part_of(word: str) -> str | None:
    """The word, if it is long enough to be found as a part."""
    return word if len(word) >= _SHORTEST else None


def words_of(q: str) -> list[str]:
    """The words that a text searches for, folded, each once; only those with a letter or digit."""
    words = dict.fromkeys(word[:WORD_LENGTH] for word in folded(q).replace("\0", " ").split())
    return [word for word in words if any(map(str.isalnum, word))][:WORDS]


def limits(least: Decimal | None, most: Decimal | None) -> tuple[float, float]:
    """A range's limits as numbers; a product without the number is in no range."""
    greatest = sys.float_info.max
    return (
        -greatest if least is None else float(least),
        greatest if most is None else float(most),
    )


def _quoted(word: str) -> str:
    """The word as a string of FTS5's query syntax."""
    return '"' + word.replace('"', '""') + '"'


def encode_place(query: ProductQuery, place: Place) -> str:
    """The cursor of the page after this place."""
    key = None if place[0] == NO_NUMBER else place[0]
    text = orjson.dumps([query.sort, query.descending, key, place[1]])
    return _PREFIX + base64.urlsafe_b64encode(text).decode().rstrip("=")


def is_place(cursor: str) -> bool:
    """Whether this is a cursor of these lists, and not one of the products table itself."""
    return cursor.startswith(_PREFIX)


def decode_place(query: ProductQuery, cursor: str) -> Place:
    """The place in a cursor.

    Raises:
        InvalidCursor: it was not returned by a page with the same order.

    """
    try:
        text = cursor.removeprefix(_PREFIX)
        text += "=" * (-len(text) % 4)
        parts = orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True))
        sort, descending, key, row_id = parts
    except (binascii.Error, ValueError, TypeError):
        sort = descending = key = row_id = None
    is_number = query.sort in {"stock", "price", "reorder_point"}
    fits = isinstance(key, (int, float, type(None)) if is_number else str)
    if (sort, descending) != (query.sort, query.descending) or not fits or type(row_id) is not str:
        raise InvalidCursor(
            "`cursor` was not returned by a page of this list in this order. Start again without "
            "it.",
            extra={"errors": [{"pointer": "?cursor", "detail": "unknown cursor"}]},
        )
    if key is None:
        return NO_NUMBER, row_id
    return (float(key) if is_number else key), row_id
