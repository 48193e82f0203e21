"""The timeline's end is read once for all consumers of a process; who is far behind reads alone.

Passes follow hints and a slow poll. They take a twentieth of the time at most: under load a
sink is a second behind, and the live feed keeps the processor.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef, Feed, FeedRow
from app.store.timeline.event_cache import EventCache
from app.store.timeline.position import Position
from app.store.timeline.recent_rows import BEGINNING, Candidate, RecentRows, arrivals

PAGE = 400  # rows of one query
MOST = 2_000  # rows of one pass beyond the newest that was seen before
AHEAD = 4_000  # rows that are read past an event that is stuck, by a consumer far behind
REST = 19.0  # a pass is followed by a rest of this many times its own length ...
LONGEST_REST = 1.0  # ... in seconds, at most


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to deliver, and its place in the timeline."""

    cursor: Cursor
    event: ChangeEvent


@dataclass(frozen=True, slots=True)
class Batch:
    """What a consumer may take now, in order.

    `damaged` are events whose audit entry cannot be read, with the error. `absent` never got an
    entry: their event arrives again under another cursor. `pending`: more is visible, but may not
    be taken yet. `edge`: every row up to there was seen, and no other can appear.
    """

    entries: list[Entry] = field(default_factory=list)
    damaged: list[tuple[Cursor, EventRef, str]] = field(default_factory=list)
    absent: list[Cursor] = field(default_factory=list)
    pending: bool = False
    edge: Cursor = BEGINNING

    @property
    def found(self) -> bool:
        """Whether there is anything to take."""
        return bool(self.entries or self.damaged or self.absent)


class Tail:
    """The newest rows of the timeline; safe to use from several threads."""

    def __init__(
        self,
        feed: Feed,
        audit: AuditRepository,
        cache: EventCache,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._audit = audit
        self._cache = cache
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._recent: RecentRows | None = None
        self._next_pass_at = 0.0  # when the next pass may begin, by the monotonic clock
        self._hints_covered = 0  # given before the newest pass began
        self.hints = 0

    @property
    def recent(self) -> RecentRows:
        """What the passes have seen; there must have been one."""
        if self._recent is None:
            raise RuntimeError("the timeline's end was not read yet")
        return self._recent

    @property
    def passes(self) -> int:
        """The number of the newest pass."""
        return 0 if self._recent is None else self._recent.passes

    def hint(self, events: Iterable[ChangeEvent]) -> None:
        """These events were published by this process: they are in the audit and in the feed."""
        self._cache.add(events)
        self.hints += 1

    def refresh(self, seen: int, hints: int) -> int:
        """Make a pass, unless one began after pass number `seen` and after so many hints.

        Returns the newest pass's number.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        with self._lock:
            recent = self._recent
            if recent is not None and recent.passes > seen and self._hints_covered >= hints:
                return recent.passes
            if (rest := min(LONGEST_REST, self._next_pass_at - self._monotonic())) > 0:
                time.sleep(rest)
            if recent is None:
                recent = RecentRows(self._feed.newest())
            begun, covered = self._monotonic(), self.hints
            rows, whole = self._pass(recent)
            ended = self._monotonic()
            recent.add_pass(rows, begun, ended, whole=whole)
            self._recent, self._hints_covered = recent, covered
            self._next_pass_at = ended + REST * (ended - begun)
            return recent.passes

    def read(
        self, position: Position, limit: int, busy: Callable[[Cursor], bool] = lambda _: False
    ) -> Batch:
        """Up to `limit` events after a position that are neither done nor `busy`.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        with self._lock:
            base, settled = self.recent.base, self.recent.settled
            near = position.settled >= base
            candidates = self.recent.after(position.settled, self._monotonic()) if near else []
        if not near:
            return self._read_far(base, settled, position, limit, busy)
        return self._batch(candidates, settled, position, limit, busy)

    def count_after(self, position: Position) -> int:
        """How many events after a position are not done; if it is far behind, of the next rows.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        with self._lock:
            near = position.settled >= self.recent.base
            rows = [one.row for one in self.recent.after(position.settled)] if near else []
        if not near:
            rows = self._feed.after(position.settled, PAGE)
        return sum(not position.has(row.cursor.at(n)) for row in rows for n in range(len(row.refs)))

    def has_day(self, first: str, end: str) -> bool:
        """Whether anything arrived on a UTC day from `first` on and before `end`.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        return self._feed.has_day(first, end)

    def _read_far(
        self,
        base: Cursor,
        settled: Cursor,
        position: Position,
        limit: int,
        busy: Callable[[Cursor], bool],
    ) -> Batch:
        """What follows a position before the recent rows; an event that is stuck holds up none."""
        place, batch = position.settled, Batch()
        for _ in range(AHEAD // PAGE):
            rows = self._feed.after(place, PAGE)
            if place == position.settled and (not rows or rows[0].cursor > base):
                position.settled = base  # no row lies between, nor can one appear there
                return Batch(pending=True)
            candidates = [Candidate(row) for row in rows if row.cursor <= settled]
            edge = min(settled, rows[-1].cursor) if rows else place
            batch = self._batch(candidates, edge, position, limit, busy)
            if batch.found or len(candidates) < PAGE:
                break
            place = rows[-1].cursor
        return batch

    def _pass(self, recent: RecentRows) -> tuple[list[FeedRow], bool]:
        """The rows after the settled place, and whether these are all.

        What was seen before is read again in any case: late rows lie between.
        """
        rows: list[FeedRow] = []
        beyond = 0
        while beyond < MOST:
            page = self._feed.after(rows[-1].cursor if rows else recent.settled, PAGE)
            rows += page
            beyond += sum(row.cursor > recent.newest for row in page)
            if len(page) < PAGE:
                return rows, True
        return rows, False

    def _batch(
        self,
        candidates: Sequence[Candidate],
        edge: Cursor,
        position: Position,
        limit: int,
        busy: Callable[[Cursor], bool],
    ) -> Batch:
        chosen: list[tuple[Cursor, EventRef, bool]] = []
        pending = False
        for cursor, ref, ready, overdue in arrivals(candidates, position):
            if busy(cursor):
                continue
            if not ready or len(chosen) == limit:
                pending = True
                continue
            chosen.append((cursor, ref, overdue))
        events, damaged = self._events([ref for _, ref, _ in chosen])
        batch = Batch()
        lacking: set[tuple[Cursor, str]] = set()  # rows and the products of their absent events
        for cursor, ref, overdue in chosen:
            of_product = (cursor.at(0), ref[0])
            if of_product in lacking:  # the whole batch arrives again, and in order
                batch.absent.append(cursor)
            elif (event := events.get(ref)) is not None:
                batch.entries.append(Entry(cursor, event))
            elif ref in damaged:
                batch.damaged.append((cursor, ref, damaged[ref]))
            elif overdue:
                lacking.add(of_product)
                batch.absent.append(cursor)
            else:  # its entry may be on the way, and what follows may be of the same product
                pending = True
                break
        return Batch(batch.entries, batch.damaged, batch.absent, pending, edge)

    def _events(
        self, refs: Sequence[EventRef]
    ) -> tuple[dict[EventRef, ChangeEvent], dict[EventRef, str]]:
        found = self._cache.get(refs)
        missing = [ref for ref in refs if ref not in found]
        if not missing:
            return found, {}
        read, damaged = self._audit.read(missing)
        self._cache.add(read.values())
        return found | read, damaged
