"""The newest minutes, counted up to the same events as another list of the newest ones."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.core.events import ChangeEvent
from app.readmodel.events.event_row import decoded
from app.readmodel.events.event_table import first_number
from app.readmodel.products.product_row import storable
from app.readmodel.trends.contributions import MINUTES, number_from
from app.store.feed.cursor import parse_cursor

_LATER = 1000  # events of the copy that the other list lacks yet


@dataclass(frozen=True, slots=True)
class MinuteSum:
    """The changes of a minute and a unit of stock; `minute` counts from 1970."""

    minute: int
    unit: str
    changes: int
    units_in: Decimal
    units_out: Decimal
    outside: int


class LastHour:
    """The copy as it is at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def minutes(self, first: int) -> list[MinuteSum]:
        """The sums from minute `first` on, oldest first."""
        rows = self._connection.execute(
            "SELECT start, unit, events, up, down, outside FROM trends "
            "WHERE scope = ? AND start >= ? ORDER BY start",
            (MINUTES, first),
        )
        return [
            MinuteSum(minute, unit, changes, number_from(up), number_from(down), outside)
            for minute, unit, changes, up, down, outside in rows
        ]

    def has(self, product_id: str, event_key: str) -> bool:
        """Whether an event is counted."""
        found = self._connection.execute(
            "SELECT 1 FROM events WHERE product_id = ? AND event_key = ?",
            (storable(product_id), event_key),
        )
        return found.fetchone() is not None

    def after(self, cursor: str) -> Iterator[ChangeEvent]:
        """The counted events that arrived after the cursor."""
        rows = self._connection.execute(
            "SELECT event FROM events WHERE number >= ? AND cursor > ? LIMIT ?",
            (first_number(parse_cursor(cursor).ms), cursor, _LATER),
        )
        return (decoded(data) for (data,) in rows)
