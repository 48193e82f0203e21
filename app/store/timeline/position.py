"""A consumer's place: everything up to a settled row is done, and some events after it are too.

Rows of the timeline become visible out of order, so one cursor alone would either skip late rows
or hold the consumer back. Pure.
"""

import zlib
from dataclasses import dataclass

from app.store.feed.cursor import Cursor, parse_cursor

# Rows after the settled place that a saved position remembers, so that it fits an item. What is
# forgotten is delivered again after a takeover.
REMEMBERED = 500


@dataclass(slots=True)
class _Row:
    done: int = 0  # one bit for each event
    events: int = 0  # 0 until the row itself was read


class Position:
    """Which events of the timeline a consumer is done with."""

    def __init__(self, settled: Cursor, done: dict[Cursor, int] | None = None) -> None:
        """`done`: by a row's cursor, one bit for each event of the row that is done."""
        self.settled = settled
        self._rows = {row: _Row(bits) for row, bits in (done or {}).items()}

    def see(self, row: Cursor, events: int) -> None:
        """A row with so many events was read."""
        if row > self.settled:
            self._rows.setdefault(row, _Row()).events = events

    def has(self, cursor: Cursor) -> bool:
        """Whether the event at this cursor is done."""
        known = self._rows.get(cursor.at(0))
        return cursor.at(0) <= self.settled or (
            known is not None and bool(known.done >> cursor.n & 1)
        )

    def add(self, cursor: Cursor) -> None:
        """The event at this cursor is done."""
        if cursor.at(0) > self.settled:
            self._rows.setdefault(cursor.at(0), _Row()).done |= 1 << cursor.n

    def settle(self, edge: Cursor) -> None:
        """Move the settled place towards `edge`, up to the first row that is not wholly done."""
        for row in sorted(self._rows):
            known = self._rows[row]
            if row > edge or not known.events or known.done != (1 << known.events) - 1:
                break
            self.settled = row
            del self._rows[row]

    def encoded(self) -> bytes:
        """What is done after the settled place, for `decoded`."""
        rows = sorted(row for row, known in self._rows.items() if known.done)[:REMEMBERED]
        lines = (f"{row} {self._rows[row].done:x}" for row in rows)
        return zlib.compress("\n".join(lines).encode()) if rows else b""


def decoded(settled: Cursor, encoded: bytes) -> Position:
    """The position that was saved."""
    done: dict[Cursor, int] = {}
    if encoded:
        for line in zlib.decompress(encoded).decode().splitlines():
            row, _, bits = line.partition(" ")
            done[parse_cursor(row)] = int(bits, 16)
    return Position(settled, done)
