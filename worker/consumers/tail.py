"""The timeline's end is read once for all consumers of a process, and nothing behind it is missed.

Rows become visible out of order: writers stamp in turn but commit in any order, and a row can be
visible before its audit entries. A place is settled once nothing can appear at or before it any
more: it lies 10 s below the newest stamp that was known before the query was sent, or 2 s below
one that was seen 10 s before that. (The writers' clock may stand still: they then stamp up to 2 s
below each other's stamps, however late.) Each pass reads from the settled place on.
"""

import threading
import time
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from app.events import ChangeEvent
from app.store.audit import AuditRepository
from app.store.clock import LEAD
from app.store.cursor import Cursor
from app.store.feed import EventRef, Feed, FeedRow
from app.store.timeline import OVERLAP_MS
from worker.consumers.event_cache import EventCache
from worker.consumers.position import Position, before

PAGE = 400  # rows of one query
MOST = 2_000  # rows of one pass beyond the newest that was seen before
HELD = 2_000  # settled rows kept for consumers that are a little behind
REST = 4.0  # a pass is followed by a rest of this many times its own length ...
LONGEST_REST = 1.0  # ... in seconds at most

BEGINNING = Cursor(0, "00000000", 0)


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
    be taken before the next pass. `edge`: every row up to this place was seen, and no other can
    appear there.
    """

    entries: list[Entry] = field(default_factory=list)
    damaged: list[tuple[Cursor, EventRef, str]] = field(default_factory=list)
    absent: list[Cursor] = field(default_factory=list)
    pending: bool = False
    edge: Cursor = BEGINNING


@dataclass(frozen=True, slots=True)
class _Sighting:
    row: FeedRow
    number: int  # of the pass that saw it first
    at: float


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
        self._rows: dict[Cursor, _Sighting] = {}
        self._order: list[Cursor] = []
        self._settled = self._base = self._newest = BEGINNING
        self.passes = 0
        self.hints = 0  # given by whoever published
        self._hints_seen = 0  # before the newest pass began
        self._rested = 0.0  # when the next pass may begin, by the monotonic clock

    @property
    def newest(self) -> Cursor:
        """The newest row that was ever seen here."""
        return self._newest

    @property
    def settled(self) -> Cursor:
        """Nothing can appear at or before this place any more."""
        return self._settled

    @property
    def base(self) -> Cursor:
        """Rows after this place are held here; who is behind it reads the feed itself."""
        return self._base

    def hint(self, events: Iterable[ChangeEvent]) -> None:
        """These events were published by this process: they are in the audit and in the feed."""
        self._cache.add(events)
        self.hints += 1

    def refresh(self, seen: int, hints: int) -> int:
        """Make a pass, unless one began after pass `seen` and after so many hints.

        Returns the newest pass's number.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        with self._lock:
            if self.passes > seen and self._hints_seen >= hints:
                return self.passes
            time.sleep(max(0.0, min(LONGEST_REST, self._rested - self._monotonic())))
            if not self.passes:
                self._begin()
            begun, self._hints_seen = self._monotonic(), self.hints
            self._pass(begun)
            ended = self._monotonic()
            self._rested = ended + REST * (ended - begun)
            return self.passes

    def read(
        self, position: Position, limit: int, busy: Callable[[Cursor], bool] = lambda _: False
    ) -> Batch:
        """Up to `limit` events after a position that are neither done nor `busy`.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        with self._lock:
            base, settled = self._base, self._settled
            start = bisect_right(self._order, position.settled)
            seen = [self._rows[cursor] for cursor in self._order[start:]]
            number, now = self.passes, self._monotonic()
        if position.settled < base:
            rows = self._feed.after(position.settled, PAGE)
            if not rows or rows[0].cursor > base:
                position.settled = base  # no row lies between, nor can one appear there
                return Batch(pending=True, edge=base)
            candidates = [(row, True) for row in rows if row.cursor <= settled]
            overdue = {row.cursor for row, _ in candidates}
            settled = min(settled, rows[-1].cursor)
        else:
            candidates = [
                (one.row, one.number < number or one.row.cursor <= settled) for one in seen
            ]
            # Their entries were to follow within 5 s; what is absent now arrives in another row.
            overdue = {
                one.row.cursor
                for one in seen
                if one.row.cursor <= settled or one.at <= now - OVERLAP_MS / 1000
            }
        return self._batch(candidates, overdue, settled, position, limit, busy)

    def count_after(self, position: Position) -> int:
        """How many events after a position are not done; those of the next rows if it is behind.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        if position.settled < self._base:
            rows = self._feed.after(position.settled, PAGE)
        else:
            with self._lock:
                start = bisect_right(self._order, position.settled)
                rows = [self._rows[cursor].row for cursor in self._order[start:]]
        return sum(not position.has(row.cursor.at(n)) for row in rows for n in range(len(row.refs)))

    def has_day_between(self, first: str, last: str) -> bool:
        """Whether anything arrived on a UTC day after `first` and before `last`.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        return self._feed.has_day_between(first, last)

    def _begin(self) -> None:
        newest = self._feed.newest()
        if newest is not None:
            self._newest = newest
            self._settled = self._base = max(BEGINNING, before(newest.ms - OVERLAP_MS))

    def _pass(self, begun: float) -> None:
        known = self._newest
        rows: list[FeedRow] = []
        beyond = 0  # what was seen before is read again in any case: late rows lie between
        while True:
            page = self._feed.after(rows[-1].cursor if rows else self._settled, PAGE)
            rows += page
            beyond += sum(row.cursor > known for row in page)
            whole = len(page) < PAGE
            if whole or beyond >= MOST:
                break
        self.passes += 1
        now = self._monotonic()
        for row in rows:
            if row.cursor not in self._rows:
                self._rows[row.cursor] = _Sighting(row, self.passes, now)
                insort(self._order, row.cursor)
                self._newest = max(self._newest, row.cursor)
        long_seen = (
            before(row.cursor.ms - LEAD)
            for row in rows
            if self._rows[row.cursor].at <= begun - OVERLAP_MS / 1000
        )
        settled = max(self._settled, before(known.ms - OVERLAP_MS + 1), *long_seen)
        # What lies past the last row of a pass that was cut short was not read yet.
        self._settled = settled if whole else min(settled, rows[-1].cursor)
        self._trim()

    def _trim(self) -> None:
        excess = bisect_right(self._order, self._settled) - HELD
        if excess > 0:
            self._base = self._order[excess - 1]
            for cursor in self._order[:excess]:
                del self._rows[cursor]
            del self._order[:excess]

    def _batch(
        self,
        candidates: Sequence[tuple[FeedRow, bool]],
        overdue: Set[Cursor],
        edge: Cursor,
        position: Position,
        limit: int,
        busy: Callable[[Cursor], bool],
    ) -> Batch:
        """What may be taken of rows, each with whether it was seen by an earlier pass.

        `overdue`: rows whose audit entries, if absent, are waited for no longer.
        """
        batch = Batch()
        chosen: list[tuple[Cursor, EventRef]] = []
        pending = False
        for cursor, ref, ready in _arrivals(candidates, position):
            if busy(cursor):
                continue
            if not ready:
                pending = True
                continue
            if len(chosen) == limit:
                pending = True
                edge = min(edge, chosen[-1][0].at(0))  # what follows was not seen
                break
            chosen.append((cursor, ref))
        events, damaged = self._events([ref for _, ref in chosen])
        for cursor, ref in chosen:
            if (event := events.get(ref)) is not None:
                batch.entries.append(Entry(cursor, event))
            elif ref in damaged:
                batch.damaged.append((cursor, ref, damaged[ref]))
            elif cursor.at(0) in overdue:
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


def _arrivals(
    candidates: Sequence[tuple[FeedRow, bool]], position: Position
) -> Iterator[tuple[Cursor, EventRef, bool]]:
    """Every event that is not done, in order, and whether it may be taken.

    A row that the last pass was the first to see may still lack a predecessor, which the pass had
    gone past. Whatever precedes a row that an earlier pass saw was committed before that, so the
    last pass has it: such predecessors may be taken, and no more of the new rows.
    """
    newest: dict[str, str] = {}
    for row, confirmed in candidates:
        if confirmed:
            for product_id, key in row.refs:
                newest[product_id] = max(key, newest.get(product_id, ""))
    for row, confirmed in candidates:
        position.see(row.cursor, len(row.refs))
        for n, (product_id, key) in enumerate(row.refs):
            cursor = row.cursor.at(n)
            if not position.has(cursor):
                yield cursor, (product_id, key), confirmed or key < newest.get(product_id, "")
