"""What lists of the past need of an item besides its stock is kept once for many events.

So a pass over a hundred thousand products parses no event. A product's events refer to its
descriptions; an event whose item cannot be described so has none, and is parsed. A description is
deleted with the last event that refers to it.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.core.keys import NotAnID
from app.readmodel.products.product_row import ProductRow, storable
from app.readmodel.schema import NO_NUMBER

NO_PRODUCT = 0  # the number of what is no product
_EPOCH = datetime.fromtimestamp(0, UTC)

# Columns of `descriptions` after its number and digest, in their order.
COLUMNS = (
    *("name", "category", "category_key", "tags", "words", "codes"),
    *("price", "reorder_point", "low_point"),
)


class Described(NamedTuple):
    """An event's description, and when Stockpulse last wrote the item (ms since 1970)."""

    number: int | None
    updated: int | None = None


def described(
    connection: sqlite3.Connection, event: ChangeEvent, stock: float | None, names: AttributeNames
) -> Described:
    """The description of what an event left besides `stock`; it is kept if it is new."""
    if event.after is None or event.kind in {"reconciled", "deleted", "expired"}:
        return Described(None)
    if not names.is_product(event.after):
        return Described(NO_PRODUCT)
    row = ProductRow(event.after, names)
    try:
        values = _values(row)
    except NotAnID:  # from before the table got another key
        return Described(None)
    updated = _ms_of(row.updated_at)
    if values is None or row.stock != stock or (updated is None) != (row.updated_at == ""):
        return Described(None)
    content = orjson.dumps((storable(event.product_id), *values))
    digest = hashlib.blake2b(content, digest_size=16).digest()
    found = connection.execute(
        "SELECT number FROM descriptions WHERE digest = ?", (digest,)
    ).fetchone()
    if found is None:
        found = connection.execute(
            f"INSERT INTO descriptions (digest, {', '.join(COLUMNS)}) "  # noqa: S608 - constants
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (digest, *values),
        ).fetchone()
    return Described(int(found[0]), updated)


def forget(connection: sqlite3.Connection, product_id: str, number: int | None) -> None:
    """Delete a description of a product, unless one of its events refers to it."""
    if number:
        connection.execute(
            "DELETE FROM descriptions WHERE number = ?2 AND NOT EXISTS "
            "(SELECT 1 FROM events WHERE product_id = ?1 AND description = ?2)",
            (product_id, number),
        )


class DescribedRow:
    """A product as an event left it, with what lists sort and filter by as in `ProductRow`.

    `values` are those of `COLUMNS`.
    """

    def __init__(
        self, row_id: str, stock: float, updated: int | None, values: Sequence[Any]
    ) -> None:
        self.id = row_id
        self.stock = stock
        self._updated = updated
        self.name, self.category, self.category_key, self._tags, self.words, self.codes = values[:6]
        self.price, self.reorder_point, self._low_point = values[6:]

    @property
    def tags(self) -> Sequence[str]:
        """The tags, each once."""
        found: Sequence[str] = orjson.loads(self._tags)
        return found

    @property
    def low(self) -> bool:
        """Whether the stock is at or below the reorder point, if that counts."""
        return bool(NO_NUMBER < self.stock <= self._low_point)

    @property
    def updated_at(self) -> str:
        """When Stockpulse last wrote the item (RFC 3339, UTC); empty if it never did."""
        return "" if self._updated is None else _text_of(self._updated)


def _values(row: ProductRow) -> Sequence[Any] | None:
    """The values of `COLUMNS`; None if a number has more digits than they keep."""
    if not row.is_exact:
        return None
    tags = orjson.dumps(row.tags).decode()
    return (
        *(row.name, row.category, row.category_key, tags, row.words, row.codes),
        *(row.price, row.reorder_point, row.low_point),
    )


def _ms_of(updated_at: str) -> int | None:
    """The time in ms since 1970; None if it is not written as Stockpulse writes it."""
    try:
        moment = datetime.fromisoformat(updated_at)
        ms = (moment - _EPOCH) // timedelta(milliseconds=1)
        return ms if _text_of(ms) == updated_at else None
    except (ValueError, TypeError, OverflowError):
        return None


def _text_of(ms: int) -> str:
    """The time as `rfc3339` writes it; a list by it needs that of every product."""
    hour, rest = divmod(ms, 3_600_000)
    minute, rest = divmod(rest, 60_000)
    second, rest = divmod(rest, 1_000)
    fraction = f".{rest:03}" if rest else ""
    return f"{_hour_text(hour)}:{minute:02}:{second:02}{fraction}Z"


@lru_cache(10_000)  # about a year
def _hour_text(hour: int) -> str:
    return (_EPOCH + timedelta(hours=hour)).isoformat()[:13]
