"""A query for a list of products, and the cursors of its pages. Pure.

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
from app.readmodel.products.product_row import folded
from app.readmodel.schema import NO_NUMBER

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
