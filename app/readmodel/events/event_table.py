"""An event's number is its place in the timeline: where its key arrived first.

Events come from the follower and from the fill, in any order and again; each is kept once.
"""

import sqlite3

from app.core.events import RESERVED, ChangeEvent
from app.readmodel.events.event_row import decoded, encoded
from app.readmodel.events.event_terms import size_of, terms_of, words_of
from app.readmodel.products.product_row import storable
from app.store.feed.cursor import Cursor

_MS_BITS, _WRITER_BITS, _EVENT_BITS = 20, 12, 2


def is_kept(event: ChangeEvent) -> bool:
    """Whether the copy keeps an event: it is of a product."""
    return not event.product_id.startswith(RESERVED)


def is_shown(event: ChangeEvent) -> bool:
    """Whether searches find an event; an internal one is only part of its product's history."""
    return event.kind != "internal"


def first_number(ms: int) -> int:
    """The least number that an event stamped at or after `ms` can have."""
    return ms << _MS_BITS


def put(connection: sqlite3.Connection, cursor: Cursor, event: ChangeEvent) -> bool:
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
    connection.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            product_id,
            event.event_key,
            str(cursor),
            round(event.occurred_at.timestamp() * 1000),
            event.kind,
            size_of(event),
            encoded(event),
        ),
    )
    if is_shown(event):
        connection.execute(
            "INSERT INTO event_terms (rowid, terms) VALUES (?, ?)", (number, terms_of(event))
        )
        connection.execute(
            "INSERT INTO event_words (rowid, words) VALUES (?, ?)", (number, words_of(event))
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
    return [event for _, event in events]


def _remove(connection: sqlite3.Connection, number: int, event: ChangeEvent) -> None:
    connection.execute("DELETE FROM events WHERE number = ?", (number,))
    if not is_shown(event):
        return
    connection.execute(
        "INSERT INTO event_terms (event_terms, rowid, terms) VALUES ('delete', ?, ?)",
        (number, terms_of(event)),
    )
    connection.execute(
        "INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', ?, ?)",
        (number, words_of(event)),
    )


def _free(connection: sqlite3.Connection, cursor: Cursor) -> int:
    """The cursor's number; the next free one if another writer's cursor has the same."""
    number = (
        first_number(cursor.ms)
        | int(cursor.writer[:2], 16) << _WRITER_BITS
        | cursor.n << _EVENT_BITS
    )
    while connection.execute("SELECT 1 FROM events WHERE number = ?", (number,)).fetchone():
        number += 1
    return number
