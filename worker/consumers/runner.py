"""One sink's consumer: read what is settled, deliver, save; everything else waits for that.

One thread reads and saves, `parallelization_factor` threads deliver. The cursor is saved on the
condition of the sink's lease and of its row's version, so neither a worker that lost the sink nor
a batch that was under way at a rewind can move it.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from app.events import RESERVED, ChangeEvent
from app.metrics import SINK_LAG
from app.store.coordination.sink_row import Health, SinkRow
from app.store.coordination.sinks import SinkRows, Superseded
from app.store.cursor import Cursor, wall_ms
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.repository import DeadLetters
from app.store.errors import StoreUnavailable
from app.store.leases import Hold, Lease, LeaseLost
from worker.consumers.courier import Couriers
from worker.consumers.position import Position, before, decoded
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.schedule import Delivery
from worker.consumers.sink import Sink
from worker.consumers.tail import BEGINNING, Tail
from worker.retry import Retry, pause
from worker.stream.pace import Wake

_log = logging.getLogger(__name__)

READ = 100  # events at a time
POLL = 5.0  # seconds: finds what another process wrote, without a hint
SAVE_EVERY = 1.0  # seconds between saves while events are delivered
REPORT_EVERY = 15.0  # seconds between saves of lag and error alone
CHECK_EVERY = 600.0  # seconds between checks against the retention
SAVE_SKIPPED_EVERY = 60.0  # seconds between saves of a cursor that only passed filtered events


@dataclass(frozen=True, slots=True)
class Shared:
    """What the consumers of one process share; `start`: where a new sink begins, None for now."""

    tail: Tail
    rows: SinkRows
    letters: DeadLetters
    event: Callable[[tuple[str, str]], ChangeEvent | None]
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
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        """`guard` returns while the lease is held, or raises LeaseLost."""
        self.lease = lease
        self.wake = Wake()
        self.trouble = ""
        self._sink = sink
        self._shared = shared
        self._row = self._noticed = row
        self._stop = stop
        self._leaving = threading.Event()
        self._retry = Retry(stop)
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._position: Position | None = None
        self._first: Cursor | None = None  # where a new sink begins
        self._edge = BEGINNING  # as the last read says: `Batch.edge`
        self._couriers = Couriers(
            sink, shared.policy, shared.letters, hold, guard, self._retry, self.wake.hint,
            monotonic=monotonic, now_ms=now_ms,
        )  # fmt: skip
        self._pass = self._hints = 0
        self._next_poll = 0.0
        self._patience = 0  # turns in a row that found nothing but what is pending
        self._saved_at = monotonic()
        self._check_at = 0.0
        self._delivered = self._skipped = False  # since the last save
        self._redriving: str | None = None

    def leave(self) -> None:
        """End after the calls under way, with the cursor saved."""
        self._leaving.set()
        self.wake.hint()

    def hint(self) -> None:
        """Something was published."""
        self.wake.hint()

    def notice(self, row: SinkRow) -> None:
        """The sink's row was read again."""
        if (row.version, row.redrive) != (self._noticed.version, self._noticed.redrive):
            self._noticed = row
            self.wake.hint()

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
                    hints = self.wake.hints
                    try:
                        wait = self._turn()
                        failures, self.trouble = 0, self._couriers.trouble
                    except StoreUnavailable as error:
                        failures += 1
                        wait, self.trouble = pause(failures), error.detail
                    except Superseded:
                        self._reload()
                        continue
                    if wait:
                        self.wake.wait(hints, wait)
            self._save_last()
        finally:
            SINK_LAG.forget(self._sink.name)

    def _is_over(self) -> bool:
        if self._couriers.lost:
            raise LeaseLost
        return self._stop.is_set() or self._leaving.is_set()

    def _turn(self) -> float:
        """Read, hand over and save what is due; seconds to wait for a hint."""
        if self._noticed.version != self._row.version:
            self._reload()
        if self._row.state != "running":
            return POLL
        position = self._position or self._begin()
        for cursor in self._couriers.take_finished():
            position.add(cursor)
            self._delivered = True
        if (why := self._couriers.pause_asked) is not None:
            self._save(position)
            self._shared.rows.stop(self.lease, self._row.version, "paused", why)
            self._reload()
            return 0.0
        if self._monotonic() >= self._check_at:
            self._check_at = self._monotonic() + CHECK_EVERY
            self._check_retention(position)
        if self._noticed.redrive is not None:
            self._redrive(self._noticed.redrive)
        found, pending = self._read(position)
        self._save_if_due(position)
        self._note_lag(position)
        self._patience = self._patience + 1 if pending and not found else 0
        if found or self._patience == 1:
            return 0.0
        # It waits for a later pass still, or for audit entries that are on their way.
        return min(0.5, 0.02 * self._patience) if pending else self._until_due()

    def _read(self, position: Position) -> tuple[bool, bool]:
        """Take what may be taken; whether anything was, and whether more is pending."""
        tail, now = self._shared.tail, self._monotonic()
        if self._patience or self._hints != tail.hints or now >= self._next_poll:
            self._hints = tail.hints
            self._pass = tail.refresh(self._pass, self._hints)
            self._next_poll = now + POLL
        if self._couriers.full:
            return False, False
        position.settle(self._edge)  # so that a consumer that is behind reads its next page now
        batch = tail.read(position, READ, self._couriers.has)
        letters = [
            Letter(sink=self._sink.name, product_id=ref[0], event_key=ref[1], error=error)
            for _, ref, error in batch.damaged
        ]
        if letters:
            self._couriers.park(letters)
        for cursor in (*batch.absent, *(cursor for cursor, _, _ in batch.damaged)):
            position.add(cursor)
        wanted = [entry for entry in batch.entries if self._wants(entry.event)]
        for entry in batch.entries:
            if not self._wants(entry.event):
                position.add(entry.cursor)
                self._skipped = True
        if wanted:
            self._couriers.offer([Delivery(entry.event, entry.cursor) for entry in wanted])
        self._edge = batch.edge
        position.settle(self._edge)
        return bool(batch.entries or batch.absent or batch.damaged), batch.pending

    def _wants(self, event: ChangeEvent) -> bool:
        hidden = event.kind == "internal" or event.product_id.startswith(RESERVED)
        return (self._sink.internal or not hidden) and self._sink.wants(event)

    def _begin(self) -> Position:
        """The saved position, or the first one, which is saved at once."""
        shared, row = self._shared, self._row
        if row.cursor is not None:
            self._position, self._check_at = decoded(row.cursor, row.taken), 0.0
            return self._position
        if self._first is None:
            self._pass = shared.tail.refresh(shared.tail.passes, 0)
            self._first = shared.start or shared.tail.newest
        position = Position(self._first)
        self._save(position)  # again with the same place where the answer was lost
        self._position = position
        return position

    def _check_retention(self, position: Position) -> None:
        """Stop the sink if events that it has not had may have expired."""
        shared, settled = self._shared, position.settled
        if shared.retention is None:
            return
        oldest = before(self._now_ms() - int(shared.retention.total_seconds() * 1000))
        head = self._row.health.head or settled
        if settled < oldest and (
            head > settled or shared.tail.has_day_between(settled.day, oldest.day)
        ):
            why = (
                f"events after {settled.day} may have expired before they were delivered: "
                "rewind the sink to a time that is still kept"
            )
            _log.error("sink %s stopped: %s", self._sink.name, why)
            shared.rows.stop(self.lease, self._row.version, "stopped", why)
            raise Superseded

    def _reload(self) -> None:
        """Start again from the row: what was not saved is delivered again."""
        row = self._retry(partial(self._shared.rows.get, self._sink.name), "sink")
        if row is None or (row.owner, row.counter) != (self.lease.owner, self.lease.counter):
            raise LeaseLost
        self._row = self._noticed = row
        self._position, self._redriving, self._edge = None, None, BEGINNING
        self._couriers.restart()

    def _redrive(self, request: str) -> None:
        """Deliver the dead letters that are due; the request is done when all of them are."""
        if self._redriving is None:
            due: list[Delivery] = []
            for letter in self._shared.letters.due(self._sink.name):
                event = self._shared.event((letter.product_id, letter.event_key))
                if event is None:
                    self._shared.letters.failed(letter, "its audit entry has expired")
                else:
                    due.append(Delivery(event, letter=letter))
            self._redriving = request
            self._couriers.offer(due)
        if not self._couriers.redriving:
            self._shared.rows.redriven(self.lease, self._redriving)
            self._redriving = None
            self._reload_marker()

    def _reload_marker(self) -> None:
        row = self._shared.rows.get(self._sink.name)
        if row is not None:
            self._noticed = row

    def _save_if_due(self, position: Position) -> None:
        now = self._monotonic()
        waited = now - self._saved_at
        idle = not len(self._couriers)
        if (
            (self._delivered and (idle or waited >= SAVE_EVERY))
            or (self._skipped and waited >= SAVE_SKIPPED_EVERY)
            or (self._couriers.trouble and waited >= REPORT_EVERY)
        ):
            self._save(position)

    def _save(self, position: Position) -> None:
        position.settle(self._edge)
        self._shared.rows.save(
            self.lease,
            self._row.version,
            position.settled,
            position.encoded(),
            Health(*self._lag(position), self._couriers.trouble, self._shared.tail.newest),
        )
        self._saved_at = self._monotonic()
        self._delivered = self._skipped = False

    def _save_last(self) -> None:
        """The lease is about to be released: save what was delivered by the last calls."""
        if self._position is None or self._row.state != "running":
            return
        for cursor in self._couriers.take_finished():
            self._position.add(cursor)
        try:
            self._save(self._position)
        except (StoreUnavailable, Superseded) as error:
            _log.warning("sink %s: the last position was not saved: %s", self._sink.name, error)

    def _lag(self, position: Position) -> tuple[float, int]:
        """Seconds since the first event that is not done arrived, and how many there are."""
        first = self._first_open(position)
        if first is None:
            return 0.0, 0
        seconds = max(0.0, (self._now_ms() - first.ms) / 1000)
        return seconds, max(len(self._couriers), self._shared.tail.count_after(position))

    def _first_open(self, position: Position) -> Cursor | None:
        """Where the first event that is to be delivered lies; None where all are."""
        oldest = self._couriers.oldest
        if oldest is None and position.settled < self._shared.tail.base:
            return position.settled
        return oldest

    def _note_lag(self, position: Position) -> None:
        first = self._first_open(position)
        SINK_LAG.note(self._sink.name, None if first is None else first.ms, len(self._couriers))

    def _until_due(self) -> float:
        """Seconds until the next poll or save."""
        due = self._next_poll - self._monotonic()
        if self._delivered:
            due = min(due, SAVE_EVERY)
        return max(0.01, due)
