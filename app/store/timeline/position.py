"""A consumer's position is a settled cursor, up to which all is done, and the events done after it.

Rows of the timeline become visible out of order, so with one cursor alone a consumer would either
skip late rows or have to wait for them. No I/O.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from app.store.feed.cursor import Cursor, parse_cursor
from app.store.feed.feed import FeedRow
from app.store.timeline.far_rows import FarRows

# Rows after the settled cursor in a saved position, so that it fits into an item. Events of
# further rows are delivered again after a takeover.
REMEMBERED = 500


@dataclass(slots=True)
class _Row:
    done: int = 0  # one bit for each event
    events: int = 0  # 0 until the row itself was read


class Position:
    """Which events of the timeline a consumer has done."""

    def __init__(self, settled: Cursor, done: dict[Cursor, int] | None = None) -> None:
        """`done` has, by a row's cursor, one bit for each event of the row that is done."""
        self.settled = settled
        self.far = FarRows()
        self._rows = {row: _Row(bits) for row, bits in (done or {}).items()}

    def see(self, row: Cursor, events: int) -> int:
        """Note that a row with this number of events was read.

        Returns one bit for each of them that is done.
        """
        if row <= self.settled:
            return (1 << events) - 1
        known = self._rows.get(row)
        if known is None:
            known = self._rows[row] = _Row()
        known.events = events
        return known.done

    def has(self, cursor: Cursor) -> bool:
        """Whether the event at this cursor is done."""
        known = self._rows.get(cursor.at(0))
        return cursor.at(0) <= self.settled or (
            known is not None and bool(known.done >> cursor.n & 1)
        )

    def not_done(self, rows: Iterable[FeedRow]) -> int:
        """How many events of these rows are not done."""
        count = 0
        for row in rows:
            if row.cursor > self.settled:
                known = self._rows.get(row.cursor)
                count += len(row.refs) - (0 if known is None else known.done.bit_count())
        return count

    def add(self, cursor: Cursor) -> None:
        """Mark the event at this cursor as done."""
        if cursor.at(0) > self.settled:
            self._rows.setdefault(cursor.at(0), _Row()).done |= 1 << cursor.n

    def settle(self, edge: Cursor) -> None:
        """Move the settled cursor towards `edge`, up to the first row that is not all done."""
        for row in sorted(self._rows):
            known = self._rows[row]
            if row > edge or not known.events or known.done != (1 << known.events) - 1:
                break
            self.settled = row
            del self._rows[row]

    def encoded(self) -> bytes:
        """The events done after the settled cursor, for `decoded`."""
        rows = sorted(row for row, known in self._rows.items() if known.done)[:REMEMBERED]
        lines = (f"{row} {self._rows[row].done:x}" for row in rows)
        return zlib.compress("\n".join(lines).encode()) if rows else b""


def decoded(settled: Cursor, encoded: bytes) -> Position:
    """The position from its saved parts."""
    done: dict[Cursor, int] = {}
    if encoded:
        for line in zlib.decompress(encoded).decode().splitlines():
            row, _, bits = line.partition(" ")
            done[parse_cursor(row)] = int(bits, 16)
    return Position(settled, done)
