"""A feed row that becomes visible too late to be read must be repeated in a newer row.

A reader goes back 10 s from the newest stamp. The events of a later row must arrive again.
"""

from bisect import bisect_right, insort
from collections.abc import Callable
from typing import Any

from app.store.feed.cursor import Cursor, parse_cursor
from app.store.feed.shared_clock import LEAD
from app.store.timeline.timeline import OVERLAP_MS
from tests.unit.worker.machine.checks.written import Ref

NOWHERE = Cursor(0, "00000000", 0)


class Arrivals:
    """The feed's rows in the order in which they became visible."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: simulated seconds."""
        self._now = now
        self.rows: dict[Cursor, tuple[Ref, ...]] = {}
        self.places: dict[Ref, list[Cursor]] = {}
        self.late: set[Cursor] = set()
        self.unsure: set[Cursor] = set()  # written while writers' stamps may diverge (ADR 6)
        self.entered: dict[Ref, float] = {}  # when each audit entry was first written
        self.last_added = NOWHERE
        self._order: list[Cursor] = []
        self._seen_at: dict[Cursor, float] = {}

    @property
    def newest(self) -> Cursor | None:
        """The row with the highest cursor."""
        return self._order[-1] if self._order else None

    def add(self, item: dict[str, Any]) -> None:
        """Record a row that became visible."""
        cursor = parse_cursor(item["Cursor"]["S"])
        if cursor in self.rows:
            return
        pairs = (pair["L"] for pair in item["Events"]["L"])
        refs = tuple((product["S"], key["S"]) for product, key in pairs)
        self.rows[cursor] = refs
        for ref in refs:
            self.places.setdefault(ref, []).append(cursor)
        self._seen_at[cursor] = self._now()
        if self._is_late(cursor):
            self.late.add(cursor)
        insort(self._order, cursor)
        self.last_added = cursor

    def entered_overdue(self, ref: Ref, row: Cursor) -> bool:
        """Whether an event's entry was written when readers no longer waited for it.

        Another batch wrote it, and its row comes next.
        """
        return self.entered.get(ref, 0.0) - self._seen_at[row] >= OVERLAP_MS / 1000

    def is_excused(self, ref: Ref) -> bool:
        """Whether an event has rows only that came too late to be read, and were unsure."""
        return all(row in self.late & self.unsure for row in self.places.get(ref, [NOWHERE]))

    def _is_late(self, cursor: Cursor) -> bool:
        """Whether readers may already have passed this cursor.

        True 10 s below another row, or 2 s below a row that has been visible for 10 s.
        """
        later = self._order[bisect_right(self._order, cursor) :]
        return any(
            one.ms - cursor.ms >= (LEAD + 1 if self.is_overdue(one) else OVERLAP_MS)
            for one in later
        )

    def is_overdue(self, cursor: Cursor) -> bool:
        """Whether readers no longer wait for a row's missing audit entries."""
        newest = self.newest or cursor
        waited = self._now() - self._seen_at[cursor]
        return waited >= OVERLAP_MS / 1000 or newest.ms - cursor.ms >= OVERLAP_MS

    def first(self, ref: Ref) -> Cursor:
        """The cursor under which an event first arrived."""
        return min(self.places.get(ref, [NOWHERE]))

    def arrived_after(self, ref: Ref, place: Cursor) -> bool:
        """Whether an event has a row after a cursor."""
        return any(row > place for row in self.places.get(ref, ()))
