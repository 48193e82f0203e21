"""The end of the timeline is read once for all consumers of a process.

A consumer that is far behind reads for itself. Passes follow hints and a slow poll, and take at
most a twentieth of the time: under load, a sink is a second behind, and the live feed gets the CPU.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import Cursor, wall_ms
from app.store.feed.feed import Feed, FeedRow
from app.store.timeline.batch import Batch
from app.store.timeline.batch_reader import BatchReader
from app.store.timeline.event_cache import EventCache
from app.store.timeline.far_rows import AHEAD, PAGE
from app.store.timeline.position import Position
from app.store.timeline.recent_rows import Candidate, RecentRows
from app.store.timeline.timeline import OVERLAP_MS

MOST = 2_000  # rows per pass beyond the newest row of earlier passes
REST, LONGEST_REST = 19.0, 1.0  # the pause after a pass: a multiple of its duration, and seconds
UNHINTED = 60.0  # seconds between passes of the only writer while it publishes nothing


class Tail:
    """Reads the newest rows of the timeline; thread-safe."""

    def __init__(
        self,
        feed: Feed,
        audit: AuditRepository,
        cache: EventCache,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        sole_writer: bool = False,
    ) -> None:
        """`sole_writer`: no other process writes to the feed, and `hint` announces all events."""
        self._feed = feed
        self._cache = cache
        self._batches = BatchReader(audit, cache)
        self.events = self._batches.events
        self._monotonic = monotonic
        self._sole_writer = sole_writer
        self._lock = threading.Lock()  # of the rows that were read
        self._passing = threading.Lock()  # held while a pass rests and reads: others only wait
        self._recent: RecentRows | None = None
        self._next_pass_at = 0.0  # by the monotonic clock
        self._hints_covered = 0  # the number of hints before the newest pass began
        self._begun = 0.0  # when the newest pass began, by the monotonic clock
        self._whole = False  # whether the newest pass reached the end of the feed
        self.hints = 0
        # When a pass that reached the end of the feed began, or was not needed, in ms since 1970.
        self.whole_at = 0

    @property
    def recent(self) -> RecentRows:
        """The rows that the passes have read; there must have been a pass."""
        if self._recent is None:
            raise RuntimeError("the end of the timeline has not been read yet")
        return self._recent

    @property
    def passes(self) -> int:
        """The number of the newest pass."""
        return 0 if self._recent is None else self._recent.passes

    def hint(self, events: Iterable[ChangeEvent]) -> None:
        """Announce events that this process has published to the audit and the feed."""
        self._cache.add(events)
        self.hints += 1

    def refresh(self, seen: int, hints: int) -> int:
        """Make a pass, unless a later one than `seen` began after at least `hints` hints.

        The only writer makes none while the last one shows all that it can.

        Returns the newest pass's number.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        with self._passing:
            recent = self._recent
            if recent is not None and recent.passes > seen and self._hints_covered >= hints:
                return recent.passes
            if recent is not None and self._is_unchanged(recent):
                self.whole_at = wall_ms()
                return recent.passes
            if (rest := min(LONGEST_REST, self._next_pass_at - self._monotonic())) > 0:
                time.sleep(rest)
            if recent is None:
                recent = RecentRows(self._feed.newest())
            begun, covered, begun_ms = self._monotonic(), self.hints, wall_ms()
            rows, whole = self._pass(recent)
            ended = self._monotonic()
            with self._lock:
                recent.add_pass(rows, begun, ended, whole=whole)
                self._recent, self._hints_covered, self._begun = recent, covered, begun
                self._whole = whole
            self.whole_at = begun_ms if whole else self.whole_at
            # No rest after the first pass: a new sink begins with one, and each moment counts.
            if recent.passes > 1:
                self._next_pass_at = ended + REST * (ended - begun)
            return recent.passes

    def _is_unchanged(self, recent: RecentRows) -> bool:
        """Whether a pass would find no row, and could not settle one either."""
        return (
            self._sole_writer
            and self._is_quiet(recent)
            and self._hints_covered == self.hints
            and self._monotonic() < self._begun + UNHINTED
        )

    def _is_quiet(self, recent: RecentRows) -> bool:
        """Whether the newest pass found no row that had not been seen 10 s before it began."""
        return self._whole and self._begun > recent.grown_at + OVERLAP_MS / 1000

    def complete_ms(self) -> int:
        """Every row stamped before this time (ms since 1970) can be read now, and none is to come.

        There must have been a pass. While events arrive, rows settle by their stamps alone. Once
        none has arrived for 10 s, this machine's clock counts, too; were it fast, a row could still
        come, but after all rows that there are.
        """
        with self._lock:
            recent = self.recent
            quiet = min(wall_ms(), self.whole_at) - OVERLAP_MS if self._is_quiet(recent) else 0
            return max(recent.settled.ms, quiet)

    def rows_after(self, place: Cursor, most: int) -> list[FeedRow]:
        """Up to `most` rows after the row of this cursor, in order; later ones may come between.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        with self._lock:
            if place >= self.recent.base:
                return self.recent.rows_after(place)[:most]
        return self._feed.after(place, most)

    def read(
        self, position: Position, limit: int, busy: Callable[[Cursor], bool] = lambda _: False
    ) -> Batch:
        """Up to `limit` events after a position, without those that are done or `busy`.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        with self._lock:
            base, settled = self.recent.base, self.recent.settled
            near = position.settled >= base
            candidates = self.recent.after(position.settled, self._monotonic()) if near else []
        if not near:
            return self._read_far(base, settled, position, limit, busy)
        return self._batches.batch(candidates, settled, position, limit, busy)

    def count_after(self, position: Position) -> int:
        """The number of events after a position that are not done.

        If the position is far behind, only the next rows are counted.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        if self.is_far(position):
            place = position.settled
            return position.not_done(position.far.known(place) or self._feed.after(place, PAGE))
        with self._lock:
            return position.not_done(self.recent.rows_after(position.settled))

    def is_far(self, position: Position) -> bool:
        """Whether a position is before the rows of the passes: reading on needs no further pass."""
        with self._lock:
            return self._recent is not None and position.settled < self._recent.base

    def has_day(self, first: str, end: str) -> bool:
        """As `Feed.has_day`; raises StoreUnavailable if the feed cannot be read now."""
        return self._feed.has_day(first, end)

    def _read_far(
        self,
        base: Cursor,
        settled: Cursor,
        position: Position,
        limit: int,
        busy: Callable[[Cursor], bool],
    ) -> Batch:
        """Read after a position before the recent rows; a stuck event does not block later ones."""
        place, batch = position.settled, Batch()
        for _ in range(AHEAD // PAGE):
            rows, more = position.far.after(place, position.settled, settled, self._feed.after)
            if place == position.settled and (not rows or rows[0].cursor > base):
                position.settled = base  # there is no row between, and none can appear
                return Batch(pending=True)
            candidates = [
                Candidate(row, ready=True, overdue=True) for row in rows if row.cursor <= settled
            ]
            edge = min(settled, rows[-1].cursor) if rows else place
            batch = self._batches.batch(candidates, edge, position, limit, busy, recent=False)
            if batch.found or not more or len(candidates) < len(rows):
                break
            place = rows[-1].cursor
        # Only done events here: the position moves on, and there may be more right behind them.
        behind = not batch.found and not position.not_done(one.row for one in candidates)
        return replace(batch, pending=True) if behind else batch

    def _pass(self, recent: RecentRows) -> tuple[list[FeedRow], bool]:
        """The rows after the settled cursor, and whether they reach the end of the feed.

        Known rows are read again, because late rows can appear between them.
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
