"""The timeline's newest rows, and which of them may be taken: a row may still lack a predecessor.

Rows become visible out of order: writers stamp in turn but commit in any order. A place is settled
once nothing can appear at or before it any more: it lies 10 s below the newest stamp that was
known before a query was sent, or 2 s below one that was seen 10 s before that. (While the writers'
clock stands still, they stamp up to 2 s below each other's stamps, however late.) Pure.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import EventRef, FeedRow
from app.store.feed.shared_clock import LEAD
from app.store.timeline.position import Position
from app.store.timeline.timeline import OVERLAP_MS

HELD = 2_000  # settled rows kept for consumers that are a little behind

BEGINNING = Cursor(0, "00000000", 0)


class Candidate(NamedTuple):
    """A row after a consumer's place.

    `ready`: it may be taken. `overdue`: an audit entry that it lacks now will never come; its
    event arrives in another row.
    """

    row: FeedRow
    ready: bool = True
    overdue: bool = True


@dataclass(frozen=True, slots=True)
class _Sighting:
    row: FeedRow
    number: int  # of the pass that saw it first
    at: float


class RecentRows:
    """Rows after `base`, as the passes over the feed's end have seen them."""

    def __init__(self, newest: Cursor | None) -> None:
        """`newest`: the newest row's cursor as it was known before the first pass."""
        self.newest = newest or BEGINNING
        settled = before(self.newest.ms - OVERLAP_MS)
        self.settled = self.base = max(BEGINNING, settled)
        self.passes = 0
        self._rows: dict[Cursor, _Sighting] = {}
        self._order: list[Cursor] = []

    def add_pass(
        self, rows: Sequence[FeedRow], begun: float, ended: float, *, whole: bool = True
    ) -> None:
        """Note what a pass from the settled place on has read, in order.

        `begun` and `ended` are seconds by the monotonic clock; `whole` is False where the pass
        was cut short before the end of the feed.
        """
        known = self.newest
        self.passes += 1
        for row in rows:
            if row.cursor not in self._rows:
                self._rows[row.cursor] = _Sighting(row, self.passes, ended)
                insort(self._order, row.cursor)
                self.newest = max(self.newest, row.cursor)
        old = (
            before(row.cursor.ms - LEAD)
            for row in rows
            if self._rows[row.cursor].at <= begun - OVERLAP_MS / 1000
        )
        settled = max(self.settled, before(known.ms - OVERLAP_MS + 1), *old)
        # What lies past the last row of a pass that was cut short was not read yet.
        self.settled = settled if whole or not rows else min(settled, rows[-1].cursor)
        self._trim()

    def after(self, place: Cursor, now: float = 0.0) -> list[Candidate]:
        """The rows after a place, which must not lie before `base`, in order.

        A row is ready if it is settled, or was seen by an earlier pass than the last: whatever
        preceded it was committed before that pass ended, so the last pass has read it. Entries
        follow their row within 5 s, or it was given up.
        """
        found = []
        for cursor in self._order[bisect_right(self._order, place) :]:
            one, settled = self._rows[cursor], cursor <= self.settled
            found.append(
                Candidate(
                    one.row,
                    ready=settled or one.number < self.passes,
                    overdue=settled or one.at <= now - OVERLAP_MS / 1000,
                )
            )
        return found

    def _trim(self) -> None:
        excess = bisect_right(self._order, self.settled) - HELD
        if excess > 0:
            self.base = self._order[excess - 1]
            for cursor in self._order[:excess]:
                del self._rows[cursor]
            del self._order[:excess]


def arrivals(
    candidates: Sequence[Candidate], position: Position
) -> Iterator[tuple[Cursor, EventRef, bool, bool]]:
    """Every event that is not done, in order; whether it may be taken, and whether it is overdue.

    Of a row that only the last pass has seen, just those events may be taken that precede one of
    the same product in a row that may be taken.
    """
    newest: dict[str, str] = {}
    for row, ready, _ in candidates:
        if ready:
            for product_id, key in row.refs:
                newest[product_id] = max(key, newest.get(product_id, ""))
    for row, ready, overdue in candidates:
        position.see(row.cursor, len(row.refs))
        for n, (product_id, key) in enumerate(row.refs):
            cursor = row.cursor.at(n)
            if not position.has(cursor):
                may = ready or key < newest.get(product_id, "")
                yield cursor, (product_id, key), may, overdue
