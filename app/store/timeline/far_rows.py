"""Rows that a consumer far behind has read, and delivers only some of before its next read.

They are settled: no row can appear between them, so they need not be read again. No I/O.
"""

from bisect import bisect_right
from collections.abc import Callable
from operator import attrgetter

from app.store.feed.cursor import Cursor
from app.store.feed.feed import FeedRow

PAGE = 500  # rows per read: two pages of the feed
AHEAD = 4_000  # rows that are read past a stuck event
ENOUGH = PAGE // 2  # rows, without another query
KEPT = 4 * PAGE  # rows that are kept

# Up to so many rows after a cursor, oldest first.
ReadRows = Callable[[Cursor, int], list[FeedRow]]
_cursor = attrgetter("cursor")


class FarRows:
    """The settled rows that follow one consumer's position."""

    def __init__(self) -> None:
        self._start: Cursor | None = None
        self._rows: list[FeedRow] = []  # all rows from `_start` up to the last of them

    def known(self, place: Cursor) -> list[FeedRow]:
        """The rows after `place` that were read already, if they are enough; else none."""
        if self._start is None or place < self._start:
            return []
        found = self._rows[bisect_right(self._rows, place, key=_cursor) :]
        return found if len(found) >= ENOUGH else []

    def after(
        self, place: Cursor, first: Cursor, settled: Cursor, read: ReadRows
    ) -> tuple[list[FeedRow], bool]:
        """Rows after `place`, and whether more may follow them.

        `first` is the position, at or before `place`; `settled`: up to where rows are settled.

        Raises:
            StoreUnavailable: `read` raised it.

        """
        if self._start is None or first < self._start:
            self._start, self._rows = first, []
        end = self._rows[-1].cursor if self._rows else self._start
        self._rows = self._rows[bisect_right(self._rows, first, key=_cursor) :]
        self._start, end = first, max(first, end)
        found = self._rows[bisect_right(self._rows, place, key=_cursor) :]
        if len(found) >= ENOUGH:
            return found, True
        page = read(found[-1].cursor if found else place, PAGE)
        if place <= end and len(self._rows) < KEPT:
            self._rows += [row for row in page if row.cursor <= settled]
        return [*found, *page], len(page) == PAGE
