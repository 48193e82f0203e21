"""The copy follows the timeline from before its fill begins, so it misses no change.

Events that this process publishes are applied as they come. A slow poll of the feed finds what
other processes wrote, and settles the position. One thread writes; the fill has another.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from app.core.errors import StoreUnavailable
from app.readmodel.changes import Changes
from app.readmodel.database import Database
from app.readmodel.events.event_fill import EventFill
from app.readmodel.fill import Fill
from app.readmodel.own_writes import OwnWrites
from app.runtime.loop_thread import LoopThread
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import before, wall_ms
from app.store.timeline.position import Position
from app.store.timeline.tail import Tail

_log = logging.getLogger(__name__)

BATCH = 500  # events per transaction
OFFERED = 10_000  # events that wait to be applied; past that the poll finds them
POLL = 5.0  # seconds between polls of the feed
REST = 10.0  # the pause after a transaction, as a multiple of its duration
LONGEST_REST = 0.1  # seconds


class Follower:
    """Keeps the copy up to date; a context manager that ends its threads."""

    def __init__(
        self,
        database: Database,
        tail: Tail,
        changes: Changes,
        own_writes: OwnWrites,
        fills: Sequence[Fill | EventFill],
        retention: timedelta | None,
        poll: float = POLL,
    ) -> None:
        self.trouble = ""
        self._database = database
        self._tail = tail
        self._changes = changes
        self._own_writes = own_writes
        self._fills = fills
        self._retention = retention
        self._poll = poll
        self._position: Position | None = None
        self._offered: deque[Arrived] = deque(maxlen=OFFERED)
        self._unsaved = self._hinted = self._damaged = self._caught_up = False
        self._next_poll = 0.0
        self._passes = 0
        self._dropped = self._found = 0  # offered events that had no room; those that a poll found
        self._current_at = time.monotonic()  # when the copy had every event, by the monotonic clock
        self._began = threading.Event()  # the position is saved, so the fill can begin
        self._thread = LoopThread("read-model", self._turn, failed=self._report)
        self._filler = LoopThread("read-model-fill", self._fill_turn, failed=self._report)

    def __enter__(self) -> Self:
        self._thread.__enter__()
        self._filler.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._filler.__exit__()
        self._thread.__exit__()

    def offer(self, arrived: Sequence[Arrived]) -> None:
        """Apply events soon that this process has published. Never blocks."""
        self._dropped += max(0, len(self._offered) + len(arrived) - OFFERED)
        self._offered.extend(arrived)
        self._thread.wake()

    def hint(self) -> None:
        """Poll the feed soon: another process has published events. Never blocks."""
        self._hinted = True
        self._thread.wake()

    def note(self, error: sqlite3.Error) -> None:
        """Report an error of a reader: a damaged file is replaced soon. Never blocks."""
        self._damaged = self._damaged or _is_damage(error)
        self._thread.wake()

    @property
    def has_caught_up(self) -> bool:
        """Whether the copy has had every event since this process's start, or the file's."""
        return self._caught_up

    @property
    def lag(self) -> float:
        """For how many seconds the copy may have lacked an event."""
        return time.monotonic() - self._current_at

    def _turn(self) -> float:
        if self._damaged:
            self._replace()
        position = self._open()
        while self._apply_offered(position) and not self._is_due():
            pass
        if self._is_due():
            self._hinted = False
            dropped = self._dropped
            self._passes = self._tail.refresh(self._passes, 0)
            more = self._read(position)
            if not more:
                self._found = dropped
            more |= self._prune()
            self._changes.begin_day(datetime.now(UTC))
            self._next_poll = time.monotonic() + (min(0.1, self._poll) if more else self._poll)
        if late := self._own_writes.expired():
            self._changes.read_again([write.product_id for write in late])
            self._own_writes.forget(late)
        self.trouble = ""
        return 0.0 if self._offered else max(0.0, self._next_poll - time.monotonic())

    def _is_due(self) -> bool:
        """Whether there is something more urgent than the next published events."""
        stopping = self._thread.stop.is_set()
        return stopping or self._damaged or self._hinted or time.monotonic() >= self._next_poll

    def _open(self) -> Position:
        """The position; a new file starts where no earlier event can still appear."""
        if self._position is None:
            position = self._changes.position()
            self._passes = self._tail.refresh(self._passes, 0)
            if position is not None and self._is_expired(position):
                _log.warning("the read model is older than the retention: it is filled again")
                self._replace()
                position = None
            if position is None:
                position = Position(self._tail.recent.settled)
                self._changes.begin(position)
            self._position = position
            self._began.set()
            self._filler.wake()
        return self._position

    def _replace(self) -> None:
        """Start again with an empty file; if that fails, the next turn tries again."""
        self._damaged = True
        self._began.clear()
        self._caught_up = False
        self._position = None
        self._database.replace()
        self._damaged = False

    def _is_expired(self, position: Position) -> bool:
        """Whether events after the position may have expired before they were applied."""
        if self._retention is None:
            return False
        oldest = before(wall_ms() - int(self._retention.total_seconds() * 1000))
        settled = position.settled
        return settled < oldest and self._tail.has_day(settled.day, oldest.day)

    def _prune(self) -> bool:
        """Delete some of the events that have expired; returns whether there may be more."""
        if self._retention is None:
            return False
        return self._changes.prune(wall_ms() - int(self._retention.total_seconds() * 1000))

    def _apply_offered(self, position: Position) -> bool:
        """Apply a batch of published events; returns whether there are more.

        Then it rests: under load, few large transactions cost less than many small ones.
        """
        began = time.monotonic()
        some: list[Arrived] = []
        while self._offered and len(some) < BATCH:
            cursor, event = self._offered.popleft()
            if not position.has(cursor):
                some.append((cursor, event))
        if not some:
            return False
        for cursor, _ in some:
            position.add(cursor)
        self._changes.apply(some)
        self._unsaved = True
        if not self.trouble and self._found == self._dropped:
            self._current_at = max(self._current_at, began)
        self._thread.stop.wait(min(LONGEST_REST, REST * (time.monotonic() - began)))
        return bool(self._offered)

    def _read(self, position: Position) -> bool:
        """Apply what the feed has after the position; returns whether events wait to be settled."""
        while not self._thread.stop.is_set():
            began = time.monotonic()
            batch = self._tail.read(position, BATCH)
            done = [entry.cursor for entry in batch.entries] + batch.absent
            done += [cursor for cursor, _, _ in batch.damaged]
            for cursor in done:
                position.add(cursor)
            position.settle(batch.edge)
            if done or self._unsaved:
                entries = [(entry.cursor, entry.event) for entry in batch.entries]
                self._changes.apply(entries, position)
                self._unsaved = False
            if done:
                continue
            if not batch.pending:
                self._current_at, self._caught_up = began, True
            return batch.pending
        return True

    def _fill_turn(self) -> float | None:
        made = self._database.made
        if not self._began.is_set():
            return 0.05
        for fill in self._fills:
            fill.run(self._filler.stop, made)
            if not fill.is_done:
                return 0.05  # the file was replaced
        return None

    def _report(self, error: BaseException) -> None:
        self._position = None  # what was not saved is read again
        self.trouble = error.detail if isinstance(error, StoreUnavailable) else str(error)
        self._damaged = self._damaged or _is_damage(error)
        if isinstance(error, (StoreUnavailable, sqlite3.Error)):
            _log.warning("the read model does not follow now: %s", self.trouble)
        else:
            _log.error("the read model does not follow now", exc_info=error)


def _is_damage(error: BaseException) -> bool:
    """Whether the file's content is wrong; a full disk, for example, is an operational error."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )
