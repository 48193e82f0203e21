"""Events set a product's row if they are newer; a scanned item only adds a row that is missing.

So the order in which a scan and the events meet does not matter.
"""

import sqlite3
from typing import Any

import orjson

from app.readmodel.products.product_row import ProductRow
from app.readmodel.schema import WITH_ITEMS

_COLUMNS = (
    "event_key, deleted, low, name, category, category_key, unit, stock, price, reorder_point, "
    "updated_at, tags"
)
_MARKS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
_INSERT = f"INSERT INTO products (id, {_COLUMNS}) VALUES (?, {_MARKS}) RETURNING number"  # noqa: S608 - constants
_UPDATE = f"UPDATE products SET ({_COLUMNS}) = ({_MARKS}) WHERE number = ?"  # noqa: S608 - constants


def set_row(
    connection: sqlite3.Connection,
    row: ProductRow,
    event_key: str,
    *,
    deleted: bool = False,
    again: bool = False,
) -> None:
    """Set a product's row as an event left it; `event_key` is empty for a scanned item.

    `again`: also if the row has had this event.
    """
    tags = orjson.dumps(row.tags).decode()
    values = (event_key, deleted, *_columns(row), tags)
    known = connection.execute(
        f"SELECT number, event_key, words, codes, tags FROM {WITH_ITEMS} WHERE id = ?",  # noqa: S608 - constants
        (row.id,),
    ).fetchone()
    if known is None:
        (number,) = connection.execute(_INSERT, (row.id, *values)).fetchone()
        _set_item(connection, number, row)
        _index(connection, number, row)
        return
    number, known_key, *known_texts, known_tags = known
    if event_key < known_key or (event_key == known_key and not again):
        return
    connection.execute(_UPDATE, (*values, number))
    _set_item(connection, number, row)
    if (*known_texts, known_tags) != (row.words, row.codes, tags):
        _remove(connection, number, known_tags)
        _index(connection, number, row)


def mark_deleted(connection: sqlite3.Connection, row_id: str, event_key: str) -> bool:
    """Mark a product as deleted whose last image is not known; returns whether it has a row."""
    connection.execute(
        "UPDATE products SET deleted = 1, event_key = ?1 WHERE id = ?2 AND event_key <= ?1",
        (event_key, row_id),
    )
    return key_of_newest(connection, row_id) is not None


def key_of_newest(connection: sqlite3.Connection, row_id: str) -> str | None:
    """The key of the newest event that set a product's row; None without a row."""
    found = connection.execute("SELECT event_key FROM products WHERE id = ?", (row_id,)).fetchone()
    return None if found is None else str(found[0])


def _columns(row: ProductRow) -> tuple[Any, ...]:
    return (
        row.low,
        row.name,
        row.category,
        row.category_key,
        row.unit,
        row.stock,
        row.price,
        row.reorder_point,
        row.updated_at,
    )


def _set_item(connection: sqlite3.Connection, number: int, row: ProductRow) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO product_items VALUES (?, ?, ?, ?)",
        (number, row.words, row.codes, row.item),
    )


def _index(connection: sqlite3.Connection, number: int, row: ProductRow) -> None:
    connection.execute(
        "INSERT INTO product_words (rowid, words) VALUES (?, ?)", (number, row.words)
    )
    connection.execute(
        "INSERT INTO product_parts (rowid, codes) VALUES (?, ?)", (number, row.codes)
    )
    connection.executemany(
        "INSERT INTO product_tags VALUES (?, ?)", [(tag, number) for tag in row.tags]
    )


def _remove(connection: sqlite3.Connection, number: int, tags: str) -> None:
    connection.execute("DELETE FROM product_words WHERE rowid = ?", (number,))
    connection.execute("DELETE FROM product_parts WHERE rowid = ?", (number,))
    connection.executemany(
        "DELETE FROM product_tags WHERE tag = ? AND number = ?",
        [(tag, number) for tag in orjson.loads(tags)],
    )
