"""A new row is delivered only when no earlier row of the same product can still appear. No I/O.

Rows become visible out of order: writers stamp in turn, but commit in any order. A cursor is
settled if no row can appear at or before it any more, that is, if it is

(a) 10 s below the newest stamp that was known before the query was sent, or
(b) 2 s below a stamp that was seen at least 10 s before the query was sent.

(b) is needed because the newest stamp may not move for minutes: while the writers' clock stands
still, they stamp up to 2 s (`LEAD`) below each other's stamps.
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

HELD = 2_000  # settled rows kept for consumers that are slightly behind

BEGINNING = Cursor(0, "00000000", 0)


class Candidate(NamedTuple):
    """A row after a consumer's position.

    `ready`: it may be delivered. `overdue`: an audit entry that is missing now will never appear
    for this row; its event arrives in another row.
    """

    row: FeedRow
    ready: bool
    overdue: bool


class CandidateEvent(NamedTuple):
    """An event of a candidate that is not done; `ready` and `overdue` as in `Candidate`."""

    cursor: Cursor
    ref: EventRef
    ready: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class _SeenRow:
    row: FeedRow
    number: int  # of the pass that first saw it
    at: float  # when that pass ended, by the monotonic clock


class RecentRows:
    """The rows after `base` that passes over the end of the feed have read."""

    def __init__(self, newest: Cursor | None) -> None:
        """`newest`: the newest row's cursor, read before the first pass."""
        self.newest = newest or BEGINNING
        settled = before(self.newest.ms - OVERLAP_MS)
        self.settled = self.base = max(BEGINNING, settled)
        self.passes = 0
        self.grown_at = 0.0  # when the first pass ended, or a later one that saw a new row
        self._rows: dict[Cursor, _SeenRow] = {}
        self._order: list[Cursor] = []

    def add_pass(
        self, rows: Sequence[FeedRow], begun: float, ended: float, *, whole: bool = True
    ) -> None:
        """Add the rows, in order, that a pass has read after the settled cursor.

        `begun` and `ended` are seconds by the monotonic clock. `whole` is False if the pass stopped
        before the end of the feed.
        """
        newest_before = self.newest
        self.passes += 1
        self.grown_at = ended if self.passes == 1 else self.grown_at
        for row in rows:
            if row.cursor not in self._rows:
                self._rows[row.cursor] = _SeenRow(row, self.passes, ended)
                insort(self._order, row.cursor)
                self.newest = max(self.newest, row.cursor)
                self.grown_at = ended
        settled_by_age = (
            before(row.cursor.ms - LEAD)
            for row in rows
            if self._rows[row.cursor].at <= begun - OVERLAP_MS / 1000
        )
        settled_by_newest = before(newest_before.ms - OVERLAP_MS + 1)
        settled = max(self.settled, settled_by_newest, *settled_by_age)
        # A pass that stopped early has not read the rows after its last one.
        self.settled = settled if whole or not rows else min(settled, rows[-1].cursor)
        self._trim()

    def rows_after(self, place: Cursor) -> list[FeedRow]:
        """The rows after a cursor, which must not be before `base`, in order."""
        return [self._rows[cursor].row for cursor in self._cursors_after(place)]

    def after(self, place: Cursor, now: float) -> list[Candidate]:
        """The rows after a cursor, which must not be before `base`, in order.

        A row is ready if it is settled, or if an earlier pass than the last saw it: its
        predecessors were committed before that pass ended, so the last pass has read them.

        A row is overdue 10 s after it was seen. The audit writer gives an event another row if its
        entry is not written 5 s after the stamp (`STAMP_LIFE`), so 5 s would do. Missing entries
        are rare, and the margin that all these rules have costs nothing.
        """
        found = []
        for cursor in self._cursors_after(place):
            one, settled = self._rows[cursor], cursor <= self.settled
            found.append(
                Candidate(
                    one.row,
                    ready=settled or one.number < self.passes,
                    overdue=settled or one.at <= now - OVERLAP_MS / 1000,
                )
            )
        return found

    def _cursors_after(self, place: Cursor) -> list[Cursor]:
        return self._order[bisect_right(self._order, place) :]

    def _trim(self) -> None:
        excess = bisect_right(self._order, self.settled) - HELD
        if excess > 0:
            self.base = self._order[excess - 1]
            for cursor in self._order[:excess]:
                del self._rows[cursor]
            del self._order[:excess]


def arrivals(candidates: Sequence[Candidate], position: Position) -> Iterator[CandidateEvent]:
    """Every event that is not done, in order.

    In a row that only the last pass has seen, an event is ready only if a later event of the same
    product is in a row that is ready.
    """
    newest: dict[str, str] = {}
    all_ready = all(one.ready for one in candidates)
    for row, ready, _ in candidates:
        if ready and not all_ready:
            for product_id, key in row.refs:
                newest[product_id] = max(key, newest.get(product_id, ""))
    for row, ready, overdue in candidates:
        done = position.see(row.cursor, len(row.refs))
        for n, ref in enumerate(row.refs):
            if not done >> n & 1:
                is_ready = ready or ref[1] < newest.get(ref[0], "")
                yield CandidateEvent(row.cursor.at(n), ref, is_ready, overdue)
