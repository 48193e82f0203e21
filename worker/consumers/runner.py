"""One sink's consumer: read events, deliver them, then save the cursor.

One thread reads and saves, `parallelization_factor` threads deliver.
"""

import logging
import threading
import time
from collections.abc import Callable

from app.core.errors import StoreUnavailable
from app.observability.metrics import SINK_LAG
from app.runtime.portion import PortionSize
from app.runtime.retry import Retry, pause
from app.runtime.wake import Wake
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, LeaseLost
from app.store.coordination.sink_row import Health, SinkRow
from app.store.feed.cursor import Cursor, wall_ms
from app.store.sinks.sink_cursors import Superseded
from app.store.timeline.batch import Batch
from worker.consumers.delivery_threads import DeliveryThreads
from worker.consumers.process_parts import Shared
from worker.consumers.redriving import Redriving
from worker.consumers.rejections import Rejections
from worker.consumers.saved_cursor import SavedCursor
from worker.consumers.schedule import Delivery
from worker.consumers.sink import Sink, Unavailable

_log = logging.getLogger(__name__)

READ, READ_BYTES = 100, 4 * 1024 * 1024  # events per read (twice as many while they are small)
LONGEST_PENDING_WAIT = 0.5  # seconds between two passes while rows are not settled
SETTLES_MS = 10_000  # an event that arrived this long before a pass was read, unless it waits


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
        """`guard` returns if the lease is held, and raises LeaseLost if not."""
        self.trouble = ""
        self._sink = sink
        self._shared = shared
        self._lease = lease
        self._noticed = row
        self._stop = stop
        self._leaving = threading.Event()
        self._wake = Wake()
        self._retry = Retry(stop)
        self._cursor = SavedCursor(shared, lease, row, sink.begins)
        rejections = Rejections(sink.name, shared.letters, hold, self._retry)
        self._threads = DeliveryThreads(
            sink, shared.plan.policy, rejections, guard, self._retry, self._wake.hint
        )
        # Only a pass that starts after this point counts: in a Lambda container that was frozen
        # since its last invocation, an earlier pass may be old.
        self._pass = shared.tail.passes
        self._portion = PortionSize(READ, 2 * READ, READ_BYTES)
        self._hints, self._next_poll = 0, 0.0
        self._more = False  # the last read was full: read on without another pass
        self._whole_at = 0  # the tail's, before the last read
        self._next_clock = 0.0  # when the sink's `clock` is called next, by the monotonic clock
        self._clock_trouble = ""
        self._pending_turns = 0  # turns in a row that found only rows that are not settled
        self._redriving = Redriving(shared, self._threads)

    def leave(self) -> None:
        """Stop after the running calls, and save the cursor."""
        self._leaving.set()
        self._wake.hint()

    def hint(self) -> None:
        """Report that events were published."""
        self._wake.hint()

    def notice(self, row: SinkRow) -> None:
        """Report that the sink's row was read again."""
        if (row.version, row.redrive) != (self._noticed.version, self._noticed.redrive):
            self._noticed = row
            self._wake.hint()

    def run(self) -> None:
        """Deliver until `leave` is called.

        Raises:
            LeaseLost: the sink belongs to another worker.
            Stopped: the worker is stopping.

        """
        failures = 0
        try:
            with self._threads:
                while not self._is_over():
                    hints = self._wake.hints
                    try:
                        wait = self._turn()
                        failures, self.trouble = 0, self._trouble
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
            if self._sink.left is not None:
                self._sink.left()

    @property
    def _trouble(self) -> str:
        return self._threads.trouble or self._clock_trouble

    def _is_over(self) -> bool:
        if self._threads.lost:
            raise LeaseLost
        return self._stop.is_set() or self._leaving.is_set()

    def _turn(self) -> float:
        """Read, deliver and save what is due; returns the seconds to wait for a hint."""
        cursor, threads = self._cursor, self._threads
        if self._noticed.version != cursor.row.version:
            self._reload()
        if cursor.row.state != "running":
            SINK_LAG.forget(self._sink.name)
            return self._sink.poll
        self._refresh()
        cursor.open()
        cursor.deliver(threads.take_finished())
        if (why := threads.pause_asked) is not None:
            cursor.save(self._health())
            cursor.stop("paused", why)
            raise Superseded
        more = self._redrive()
        batch = Batch()
        if not threads.full:
            self._whole_at, limit = self._shared.tail.whole_at, self._portion.limit
            batch = self._shared.tail.read(cursor.position, limit, threads.has)
            self._more = len(batch.entries) + len(batch.damaged) + len(batch.absent) == limit
            self._take(batch)
        failing = bool(self._trouble)
        if cursor.is_due(idle=not (len(threads) or self._more), failing=failing):
            cursor.save(self._health())
        first = self._first_open()
        SINK_LAG.note(self._sink.name, None if first is None else first.ms, len(threads))
        until_clock = self._pass_time()
        self._pending_turns = self._pending_turns + 1 if batch.pending and not batch.found else 0
        if batch.found or more or self._pending_turns == 1:
            return 0.0
        if batch.pending:  # the rows wait for a later pass, or for their audit entries
            return min(LONGEST_PENDING_WAIT, 0.02 * self._pending_turns)
        until_poll = self._next_poll - time.monotonic()
        return max(0.01, min(until_poll, until_clock, cursor.until_due(failing=failing)))

    def _pass_time(self) -> float:
        """Call the sink's `clock` if it is due; returns the seconds until then."""
        if self._sink.clock is None:
            return self._sink.poll
        if (wait := self._next_clock - time.monotonic()) <= 0 and not self._more:
            first = self._first_open()
            until = min(wall_ms(), self._whole_at) - SETTLES_MS
            try:
                wait = self._sink.clock(until if first is None else min(until, first.ms))
                self._clock_trouble = ""
            except Exception as error:  # noqa: BLE001 - a sink may raise any error
                wait, self._clock_trouble = self._sink.poll, str(error)
                if not isinstance(error, Unavailable):
                    _log.warning("the clock of sink %s failed", self._sink.name, exc_info=True)
                    self._clock_trouble = f"{type(error).__name__}: {error}"
            self._next_clock = time.monotonic() + wait
        return max(0.0, wait)

    def _refresh(self) -> None:
        """Make a pass over the timeline's end if one is due.

        Under load every hint requests a pass, and a pass takes longer than a batch. So a backlog is
        read without waiting for a pass.
        """
        tail, now = self._shared.tail, time.monotonic()
        hinted = self._pending_turns or self._hints != tail.hints
        if self._cursor.is_open and tail.is_far(self._cursor.position):
            self._next_poll = max(self._next_poll, now + self._sink.poll)
        elif (hinted and not self._more) or now >= self._next_poll:
            self._hints = tail.hints
            self._pass = tail.refresh(self._pass, self._hints)
            self._next_poll = now + self._sink.poll

    def _take(self, batch: Batch) -> None:
        self._threads.rejections.park_damaged(batch.damaged)
        self._cursor.deliver(cursor for cursor, _, _ in batch.damaged)
        takes, entries = self._sink.takes, batch.entries
        wanted = [Delivery(one.event, one.cursor) for one in entries if takes(one.event)]
        skipped = {one.cursor for one in entries} - {one.cursor for one in wanted}
        self._cursor.skip([*batch.absent, *skipped])
        if wanted:
            self._threads.offer(wanted)
        self._portion.answered(len(entries), sum(one.size for one in wanted))
        self._cursor.read_to(batch.edge)

    def _reload(self) -> None:
        """Wait for the running calls, then start again from the row."""
        self._threads.restart()
        self._cursor.reload()
        self._noticed = self._cursor.row
        self._redriving.forget()

    def _redrive(self) -> bool:
        """Deliver requested dead letters; returns whether more can follow at once."""
        more, done = self._redriving.advance(self._noticed)
        if done is not None:
            self._shared.rows.redriven(self._lease, done)
            self._noticed = self._shared.rows.get(self._sink.name) or self._noticed
        return more

    def _save_last(self) -> None:
        """Save what the last calls delivered, before the lease is released."""
        if self._cursor.row.state != "running" or not self._cursor.is_open:
            return
        try:
            self._cursor.deliver(self._threads.take_finished())
            self._cursor.save(self._health())
        except (StoreUnavailable, Superseded) as error:
            _log.warning("the last cursor of sink %s was not saved: %s", self._sink.name, error)

    def _health(self) -> Health:
        """The age of the first open event in seconds, the number of open events, and the error."""
        tail, first = self._shared.tail, self._first_open()
        if first is None:
            return Health(error=self._trouble, head=tail.recent.newest, last=self._threads.last)
        seconds = max(0.0, (wall_ms() - first.ms) / 1000)
        count = max(len(self._threads), tail.count_after(self._cursor.position))
        return Health(seconds, count, self._trouble, tail.recent.newest, self._threads.last)

    def _first_open(self) -> Cursor | None:
        """Return the cursor of the first undelivered event; None if all are delivered."""
        settled = self._cursor.position.settled
        behind = settled if settled < self._shared.tail.recent.base else None
        return self._threads.oldest or behind
