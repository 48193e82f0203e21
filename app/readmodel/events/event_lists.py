"""A page of events costs what it shows; a total is exact up to 10,000, or on request.

A page continues below or above the last event's number, which never changes once the copy is
filled, so that writes in between neither repeat nor hide an event.
"""

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.core.events import ChangeEvent
from app.readmodel.database import Database
from app.readmodel.events.event_cursor import decode_number, encode_number
from app.readmodel.events.event_query import EventQuery, Order, Part, Range, parts_of
from app.readmodel.events.event_row import decoded
from app.readmodel.events.event_table import first_of_hour, number_of
from app.readmodel.products.product_lists import CAPPED, Total, Totals
from app.store.dynamodb.paging import PageRoom, event_size
from app.store.feed.cursor import Cursor

GREATEST = 2**63 - 1
_RANGES = 8  # of numbers, each with a search of its own
_Row = tuple[int, str, bytes]  # number, cursor, event


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events with their cursors, in the list's order; `total` is None if not asked for."""

    items: list[tuple[str, ChangeEvent]]
    next_cursor: str | None
    total: Total | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """Events' numbers from `first` on and below `below`; `times` are checked if given."""

    first: int
    below: int
    times: list[Range] | None = None


class EventLists:
    """Answers queries of events from the copy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        query: EventQuery,
        limit: int,
        order: Order = "newest",
        cursor: str | None = None,
        totals: Totals = "none",
        after: Cursor | None = None,
    ) -> EventPage:
        """Up to `limit` events after the paging cursor, fewer if they are large (`PageRoom`).

        `after`: only events that arrived after this event cursor.

        Raises:
            InvalidCursor: no page in this order returned the cursor.
            sqlite3.Error: the copy cannot be read.

        """
        place = None if cursor is None else decode_number(order, cursor)
        with self._database.reading() as connection:
            everything = Numbers(0 if after is None else number_of(connection, after) + 1, GREATEST)
            numbers = _beyond(everything, order, place)
            room = PageRoom(limit)
            items: list[tuple[str, ChangeEvent]] = []
            following = None
            number = 0
            for found in rows_of(connection, query, numbers, order):
                if room.full:
                    following = encode_number(order, number)
                    break
                number, at, data = found
                event = decoded(data)
                items.append((at, event))
                room.take(event_size(event))
            total = None if totals == "none" else total_of(connection, query, everything, totals)
        return EventPage(items, following, total)


def _beyond(numbers: Numbers, order: Order, place: int | None) -> Numbers:
    """The numbers behind a place, in this order."""
    if place is None:
        return numbers
    if order == "newest":
        return Numbers(numbers.first, min(numbers.below, place))
    return Numbers(max(numbers.first, place + 1), numbers.below)


def rows_of(
    connection: sqlite3.Connection, query: EventQuery, numbers: Numbers, order: Order
) -> Iterator[_Row]:
    """The rows of the query in this order, read on demand."""
    parts, newest = parts_of(query), order == "newest"
    ranges = _ranges(connection, query, numbers)
    for some in reversed(ranges) if newest else ranges:
        found = [connection.execute(*_select(part, some, order)) for part in parts]
        yield from heapq.merge(*found, key=lambda row: row[0], reverse=newest)


def total_of(
    connection: sqlite3.Connection, query: EventQuery, numbers: Numbers, totals: Totals
) -> Total:
    """How many events of the query have these numbers; up to `CAPPED` unless it must be exact."""
    parts, counted = parts_of(query), 0
    most = GREATEST if totals == "exact" else CAPPED + 1
    for some in _ranges(connection, query, numbers):
        for part in parts:
            counted += connection.execute(*_count(part, some, most - counted)).fetchone()[0]
    exact = totals == "exact" or counted <= CAPPED
    return Total(counted if exact else CAPPED, exact)


def _ranges(connection: sqlite3.Connection, query: EventQuery, numbers: Numbers) -> list[Numbers]:
    """The ranges of numbers, rising, in which events of the query's times can be.

    The times of events are checked where not all that arrived in an hour are in the query's. Each
    range costs a whole search of the index, so they go on over hours without events, and many
    become one.
    """
    times = query.times
    if times is None:
        return [numbers]
    if not times:
        return []
    found: list[Numbers] = []
    follows = False  # whether no other hour with events is behind the last range
    hours = connection.execute("SELECT hour, earliest, latest FROM event_hours ORDER BY hour")
    for hour, earliest, latest in hours:
        met = [one for one in times if one[0] <= latest and earliest < one[1]]
        if met:
            checked = None if met[0][0] <= earliest and latest < met[0][1] else times
            first = first_of_hour(hour)
            if follows and found[-1].times is checked:
                first = found.pop().first
            found.append(Numbers(first, first_of_hour(hour + 1), checked))
        follows = bool(met)
    if len(found) > _RANGES:
        found = [Numbers(found[0].first, found[-1].below, times)]
    return [
        Numbers(max(one.first, numbers.first), min(one.below, numbers.below), one.times)
        for one in found
        if one.first < numbers.below and numbers.first < one.below
    ]


def _select(part: Part, numbers: Numbers, order: Order) -> tuple[str, list[Any]]:
    where, values = _where(part, numbers)
    direction = "DESC" if order == "newest" else "ASC"
    return (
        "SELECT number, cursor, event FROM event_index CROSS JOIN events "  # noqa: S608 - bound
        f"ON number = event_index.rowid WHERE {where} ORDER BY event_index.rowid {direction}"
    ), values


def _count(part: Part, numbers: Numbers, most: int) -> tuple[str, list[Any]]:
    where, values = _where(part, numbers)
    checked = part.sizes is not None or numbers.times is not None
    join = "CROSS JOIN events ON number = event_index.rowid" if checked else ""
    return (
        f"SELECT count(*) FROM (SELECT 1 FROM event_index {join} WHERE {where} LIMIT ?)"  # noqa: S608
    ), [*values, most]


def _where(part: Part, numbers: Numbers) -> tuple[str, list[Any]]:
    clauses = ["event_index MATCH ? AND event_index.rowid >= ? AND event_index.rowid < ?"]
    values: list[Any] = [part.expression, numbers.first, numbers.below]
    for column, ranges in (("size", part.sizes), ("occurred_at", numbers.times)):
        if ranges is not None:
            one = f"{column} >= ? AND {column} < ?"
            clauses.append(f"({' OR '.join([one] * len(ranges)) or 'FALSE'})")
            values += [bound for both in ranges for bound in both]
    return " AND ".join(clauses), values
