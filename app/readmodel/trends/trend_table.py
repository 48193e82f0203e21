"""The sums are those of the events that the copy has, whatever order these came and went in."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.events import RESERVED, ChangeEvent
from app.core.item import AttributeNames
from app.readmodel.events.event_table import is_shown
from app.readmodel.trends.contributions import MINUTES, Amount, Key, amounts
from app.readmodel.trends.product_sums import ProductSums

KEPT_MINUTES = 120  # those before the newest ones are in no hour that is shown

_ADD = """
INSERT INTO trends VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    events = events + excluded.events, outside = outside + excluded.outside,
    up = up + excluded.up, down = down + excluded.down
"""
_SUBTRACT = """
UPDATE trends SET events = events - ?5, outside = outside - ?6, up = up - ?7, down = down - ?8
WHERE scope = ?1 AND start = ?2 AND label = ?3 AND unit = ?4
"""
_DELETE = """
DELETE FROM trends WHERE scope = ? AND start = ? AND label = ? AND unit = ? AND events <= 0
"""
_NEWEST = "SELECT max(start) FROM trends WHERE scope = ?"


class TrendTable:
    """Adds and subtracts events within the transaction that keeps or deletes them."""

    def __init__(self, names: AttributeNames, zone: ZoneInfo) -> None:
        """`zone`: the shop's time zone, which defines its days."""
        self._names = names
        self._zone = zone
        self._products = ProductSums(zone)

    def add(self, connection: sqlite3.Connection, events: Sequence[ChangeEvent]) -> None:
        """Count events that are new; those that are shown nowhere count nowhere."""
        events = [event for event in events if is_shown(event)]
        rows = self._sums(events)
        minutes = [key.start for key in rows if key.scope == MINUTES]
        if minutes:
            (newest,) = connection.execute(_NEWEST, (MINUTES,)).fetchone()
            oldest = max(*minutes, newest or 0) - KEPT_MINUTES
            rows = {key: row for key, row in rows.items() if not _is_old(key, oldest)}
            connection.execute(
                "DELETE FROM trends WHERE scope = ? AND start <= ?", (MINUTES, oldest)
            )
        connection.executemany(_ADD, [(*key, *amount) for key, amount in rows.items()])
        self._products.add(connection, _of_products(events))

    def remove(self, connection: sqlite3.Connection, events: Sequence[ChangeEvent]) -> None:
        """Subtract events that the copy had, and has no more."""
        events = [event for event in events if is_shown(event)]
        rows = self._sums(events)
        connection.executemany(_SUBTRACT, [(*key, *amount) for key, amount in rows.items()])
        connection.executemany(_DELETE, rows)
        self._products.remove(connection, _of_products(events))

    def is_new_day(self, connection: sqlite3.Connection, now: datetime) -> bool:
        """Whether `begin_day` is due."""
        return self._products.is_new_day(connection, now)

    def begin_day(self, connection: sqlite3.Connection, now: datetime) -> None:
        """Sum the days up to now again for each product: a day ago others were the last 30."""
        self._products.begin_day(connection, now)

    def _sums(self, events: Iterable[ChangeEvent]) -> dict[Key, Amount]:
        sums: dict[Key, Amount] = {}
        for event in events:
            for key, (more, outside, up, down) in amounts(event, self._names, self._zone):
                known = sums.get(key)
                sums[key] = (
                    Amount(more, outside, up, down)
                    if known is None
                    else Amount(
                        known.events + more,
                        known.outside + outside,
                        known.up + up,
                        known.down + down,
                    )
                )
        return sums


def _of_products(events: Iterable[ChangeEvent]) -> list[ChangeEvent]:
    """The events without gaps of whole shards."""
    return [event for event in events if not event.product_id.startswith(RESERVED)]


def _is_old(key: Key, oldest: int) -> bool:
    return key.scope == MINUTES and key.start <= oldest
