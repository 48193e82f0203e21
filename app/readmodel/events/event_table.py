"""An event's number is its place in the timeline: where its key arrived first.

Events come from the follower and from the fill, in any order and again; each is kept once.
"""

import sqlite3

from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.readmodel.events.event_row import decoded, encoded
from app.readmodel.events.event_terms import size_of, text_of
from app.readmodel.past.descriptions import described, forget
from app.readmodel.products.product_row import storable
from app.readmodel.schema import NO_NUMBER
from app.store.feed.cursor import Cursor

_MS_BITS, _WRITER_BITS, _EVENT_BITS = 20, 12, 2
_HOUR_MS = 3_600_000


def is_shown(event: ChangeEvent) -> bool:
    """Whether searches find an event; an internal one is only part of its product's history."""
    return event.kind != "internal"


def stock_left(event: ChangeEvent) -> float | None:
    """The stock after the event; `NO_NUMBER` without a product or number, None if not known."""
    if event.stock_after is not None:
        return float(event.stock_after)
    is_known = event.event_name == "REMOVE" or event.after is not None
    return NO_NUMBER if is_known else None


def first_number(ms: int) -> int:
    """The least number that an event stamped at or after `ms` can have."""
    return ms << _MS_BITS


def hour_of(number: int) -> int:
    """The hour in which an event arrived, counted from 1970."""
    return (number >> _MS_BITS) // _HOUR_MS


def first_of_hour(hour: int) -> int:
    """The least number that an event of an hour can have."""
    return first_number(hour * _HOUR_MS)


def put(
    connection: sqlite3.Connection, cursor: Cursor, event: ChangeEvent, names: AttributeNames
) -> bool:
    """Keep an event that arrived at the cursor; returns whether it is new.

    One that has arrived before moves to its first arrival.
    """
    product_id = storable(event.product_id)
    known = connection.execute(
        "SELECT number, cursor FROM events WHERE product_id = ? AND event_key = ?",
        (product_id, event.event_key),
    ).fetchone()
    if known is not None:
        number, known_cursor = known
        if known_cursor <= str(cursor):
            return False
        _remove(connection, number, event)
    number = _free(connection, cursor)
    stock = stock_left(event)
    occurred_ms = round(event.occurred_at.timestamp() * 1000)
    connection.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            product_id,
            event.event_key,
            str(cursor),
            occurred_ms,
            event.kind,
            size_of(event),
            stock,
            *described(connection, event, stock, names),
            encoded(event),
        ),
    )
    if is_shown(event):
        connection.execute(
            "INSERT INTO event_index (rowid, text) VALUES (?, ?)", (number, text_of(event))
        )
        connection.execute(
            "INSERT INTO event_hours VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE "
            "SET earliest = min(earliest, ?2), latest = max(latest, ?2)",
            (hour_of(number), occurred_ms),
        )
    return known is None


def prune(connection: sqlite3.Connection, before_ms: int, most: int) -> list[ChangeEvent]:
    """Delete and return up to `most` of the events that arrived before `before_ms`."""
    rows = connection.execute(
        "SELECT number, event FROM events WHERE number < ? ORDER BY number LIMIT ?",
        (first_number(before_ms), most),
    ).fetchall()
    events = [(number, decoded(data)) for number, data in rows]
    for number, event in events:
        _remove(connection, number, event)
    if len(rows) < most:
        hour = hour_of(first_number(before_ms))
        connection.execute("DELETE FROM event_hours WHERE hour < ?", (hour,))
    return [event for _, event in events]


def _remove(connection: sqlite3.Connection, number: int, event: ChangeEvent) -> None:
    deleted = connection.execute(
        "DELETE FROM events WHERE number = ? RETURNING product_id, description", (number,)
    ).fetchone()
    if deleted is not None:
        forget(connection, *deleted)
    if not is_shown(event):
        return
    connection.execute(
        "INSERT INTO event_index (event_index, rowid, text) VALUES ('delete', ?, ?)",
        (number, text_of(event)),
    )


def number_of(connection: sqlite3.Connection, cursor: Cursor) -> int:
    """The number of the event that arrived at the cursor; if there is none, what it would have."""
    known = connection.execute(
        "SELECT number FROM events WHERE number >= ? AND number < ? AND cursor = ?",
        (first_number(cursor.ms), first_number(cursor.ms + 1), str(cursor)),
    ).fetchone()
    return _number(cursor) if known is None else int(known[0])


def _free(connection: sqlite3.Connection, cursor: Cursor) -> int:
    """The cursor's number; the next free one if another writer's cursor has the same."""
    number = _number(cursor)
    while connection.execute("SELECT 1 FROM events WHERE number = ?", (number,)).fetchone():
        number += 1
    return number


def _number(cursor: Cursor) -> int:
    return (
        first_number(cursor.ms)
        | int(cursor.writer[:2], 16) << _WRITER_BITS
        | cursor.n << _EVENT_BITS
    )
