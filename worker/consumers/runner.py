"""One sink's consumer: read what may be taken, deliver, save; everything else waits for that.

One thread reads and saves, `parallelization_factor` threads deliver.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.observability.metrics import SINK_LAG
from app.runtime.retry import Retry, pause
from app.runtime.wake import Wake
from app.store.coordination.leases import Hold, Lease, LeaseLost
from app.store.coordination.sink_row import Health, SinkRow
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.feed.cursor import Cursor, wall_ms
from app.store.feed.feed import EventRef
from app.store.sinks.sink_cursors import SinkCursors, Superseded
from app.store.timeline.tail import Batch, Tail
from worker.consumers.delivery_threads import DeliveryThreads
from worker.consumers.rejections import Redriving, Rejections
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.saved_cursor import SavedCursor
from worker.consumers.schedule import Delivery
from worker.consumers.sink import Sink

_log = logging.getLogger(__name__)

READ = 100  # events at a time
POLL = 5.0  # seconds: finds what another process wrote, without a hint
LONGEST_PATIENCE = 0.5  # seconds between two passes for what may not be taken yet


@dataclass(frozen=True, slots=True)
class Shared:
    """What the consumers of one process share.

    `event` reads one event from the audit. `start`: where a sink begins that never ran, None for
    now. `retention`: how long events are kept, None for good.
    """

    tail: Tail
    rows: SinkCursors
    letters: DeadLetters
    event: Callable[[EventRef], ChangeEvent | None]
    policy: RetryPolicy
    start: Cursor | None = None
    retention: timedelta | None = None


class Runner:
    """Runs one sink under one lease."""

    def __init__(
        self,
        sink: Sink,
        shared: Shared,
        lease: Lease,
        row: SinkRow,
        hold: Hold,
        guard: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        """`guard` returns while the lease is held, or raises LeaseLost."""
        self.trouble = ""
        self._sink = sink
        self._shared = shared
        self._lease = lease
        self._noticed = row
        self._stop = stop
        self._leaving = threading.Event()
        self._wake = Wake()
        self._retry = Retry(stop)
        self._bookmark = SavedCursor(
            shared.rows, shared.tail, lease, row, shared.start, shared.retention
        )
        rejections = Rejections(sink.name, shared.letters, hold, self._retry)
        self._couriers = DeliveryThreads(
            sink, shared.policy, rejections, guard, self._retry, self._wake.hint
        )
        # Only a pass that begins from now on counts: an earlier one may be old, as in a Lambda
        # container that was frozen since its last invocation.
        self._pass = shared.tail.passes
        self._hints = 0
        self._next_poll = 0.0
        self._more = False  # can probably be taken without another pass
        self._patience = 0  # turns in a row that found nothing but what is pending
        self._redriving = Redriving(shared.letters, shared.event, self._couriers)

    def leave(self) -> None:
        """End after the calls under way, with the cursor saved."""
        self._leaving.set()
        self._wake.hint()

    def hint(self) -> None:
        """Something was published."""
        self._wake.hint()

    def notice(self, row: SinkRow) -> None:
        """The sink's row was read again."""
        if (row.version, row.redrive) != (self._noticed.version, self._noticed.redrive):
            self._noticed = row
            self._wake.hint()

    def run(self) -> None:
        """Deliver until told to leave.

        Raises:
            LeaseLost: the sink is another worker's.
            Stopped: the worker is ending.

        """
        failures = 0
        try:
            with self._couriers:
                while not self._is_over():
                    hints = self._wake.hints
                    try:
                        wait = self._turn()
                        failures, self.trouble = 0, self._couriers.trouble
                    except Superseded:
                        self._retry(self._reload, "sink")
                        continue
                    except StoreUnavailable as error:
                        failures += 1
                        wait, self.trouble = pause(failures), error.detail
                    if wait:
                        self._wake.wait(hints, wait)
            self._save_last()
        finally:
            SINK_LAG.forget(self._sink.name)

    def _is_over(self) -> bool:
        if self._couriers.lost:
            raise LeaseLost
        return self._stop.is_set() or self._leaving.is_set()

    def _turn(self) -> float:
        """Read, hand over and save what is due; seconds to wait for a hint."""
        bookmark, couriers = self._bookmark, self._couriers
        if self._noticed.version != bookmark.row.version:
            self._reload()
        if bookmark.row.state != "running":
            SINK_LAG.forget(self._sink.name)
            return POLL
        self._refresh()
        bookmark.open()
        bookmark.deliver(couriers.take_finished())
        if (why := couriers.pause_asked) is not None:
            bookmark.save(self._health())
            bookmark.stop("paused", why)
            raise Superseded
        more = self._redrive()
        batch = Batch()
        if not couriers.full:
            batch = self._shared.tail.read(bookmark.position, READ, couriers.has)
            self._more = len(batch.entries) + len(batch.damaged) + len(batch.absent) == READ
            self._take(batch)
        failing = bool(couriers.trouble)
        if bookmark.is_due(idle=not len(couriers), failing=failing):
            bookmark.save(self._health())
        self._note_lag()
        self._patience = self._patience + 1 if batch.pending and not batch.found else 0
        if batch.found or more or self._patience == 1:
            return 0.0
        if batch.pending:  # it waits for a later pass, or for audit entries on their way
            return min(LONGEST_PATIENCE, 0.02 * self._patience)
        until_poll = self._next_poll - time.monotonic()
        return max(0.01, min(until_poll, bookmark.until_due(failing=failing)))

    def _refresh(self) -> None:
        """Make a pass over the timeline's end where one is due.

        Under load a pass comes with each hint, and takes longer than a batch: a backlog must not
        wait for it.
        """
        tail, now = self._shared.tail, time.monotonic()
        hinted = self._patience or self._hints != tail.hints
        if (hinted and not self._more) or now >= self._next_poll:
            self._hints = tail.hints
            self._pass = tail.refresh(self._pass, self._hints)
            self._next_poll = now + POLL

    def _take(self, batch: Batch) -> None:
        bookmark = self._bookmark
        self._couriers.rejections.park_damaged(batch.damaged)
        bookmark.deliver(cursor for cursor, _, _ in batch.damaged)
        wanted = [entry for entry in batch.entries if self._sink.takes(entry.event)]
        skipped = {entry.cursor for entry in batch.entries} - {entry.cursor for entry in wanted}
        bookmark.skip([*batch.absent, *skipped])
        if wanted:
            self._couriers.offer([Delivery(entry.event, entry.cursor) for entry in wanted])
        bookmark.read_to(batch.edge)

    def _reload(self) -> None:
        """Start again from the row, once the calls under way have ended."""
        self._couriers.restart()
        self._bookmark.reload()
        self._noticed = self._bookmark.row
        self._redriving.forget()

    def _redrive(self) -> bool:
        """Hand over the dead letters that someone asked for; whether more may follow at once."""
        more, done = self._redriving.advance(self._noticed)
        if done is not None:
            self._shared.rows.redriven(self._lease, done)
            self._noticed = self._shared.rows.get(self._sink.name) or self._noticed
        return more

    def _save_last(self) -> None:
        """The lease is about to be released: save what the last calls delivered."""
        if self._bookmark.row.state != "running":
            return
        try:
            self._bookmark.open()
            self._bookmark.deliver(self._couriers.take_finished())
            self._bookmark.save(self._health())
        except (StoreUnavailable, Superseded) as error:
            _log.warning("sink %s: the last position was not saved: %s", self._sink.name, error)

    def _health(self) -> Health:
        """Seconds since the first event that is not done arrived, how many there are, and why."""
        tail, first = self._shared.tail, self._first_open()
        if first is None:
            return Health(error=self._couriers.trouble, head=tail.recent.newest)
        seconds = max(0.0, (wall_ms() - first.ms) / 1000)
        count = max(len(self._couriers), tail.count_after(self._bookmark.position))
        return Health(seconds, count, self._couriers.trouble, tail.recent.newest)

    def _first_open(self) -> Cursor | None:
        """Where the first event lies that is to be delivered; None where all are."""
        oldest, settled = self._couriers.oldest, self._bookmark.position.settled
        if oldest is None and settled < self._shared.tail.recent.base:
            return settled
        return oldest

    def _note_lag(self) -> None:
        first = self._first_open()
        SINK_LAG.note(self._sink.name, None if first is None else first.ms, len(self._couriers))
