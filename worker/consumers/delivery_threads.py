"""A sink is called only while its lease is held; outcomes go to the schedule."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from app.core.events import ChangeEvent
from app.observability.metrics import SINK_DELIVERED, SINK_RETRIED
from app.runtime.retry import Retry, Stopped
from app.store.coordination.leases import LeaseLost
from app.store.coordination.sink_row import LastCalls
from app.store.feed.cursor import Cursor, wall_ms
from worker.consumers.rejections import Rejections
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.schedule import Call, Delivery, Schedule
from worker.consumers.sink import PauseSink, Rejected, Sink, Unavailable

_log = logging.getLogger(__name__)

# Limits on events that are read before they can be delivered: their number and size. The number
# is at least that of two calls for each thread, so that none waits for a read.
PENDING, PENDING_BYTES = 500, 16 * 1024 * 1024


class DeliveryThreads:
    """One sink's delivery threads and its pending deliveries; a context manager that ends them."""

    def __init__(
        self,
        sink: Sink,
        policy: RetryPolicy,
        rejections: Rejections,
        guard: Callable[[], None],
        retry: Retry,
        on_progress: Callable[[], None],
    ) -> None:
        self.rejections = rejections
        self.lost = False  # the lease was lost
        self.trouble = ""
        self.last = LastCalls()  # since the lease was taken
        self.pause_asked: str | None = None
        self._sink = sink
        self._policy = policy
        self._guard = guard
        self._retry = retry
        self._on_progress = on_progress
        self._changed = threading.Condition()
        self._ending = self._restarting = False
        self._was_full = self._was_failing = False
        self._calls = 0  # running now
        self._most = max(PENDING, 2 * sink.parallelization_factor * sink.batch_size)
        self._schedule = self._new_schedule()
        self._finished: set[Cursor] = set()
        self._redriven: set[str] = set()
        self._threads = [
            threading.Thread(target=self._run, name=f"sink-{sink.name}-{number}", daemon=True)
            for number in range(sink.parallelization_factor)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def __len__(self) -> int:
        return len(self._schedule)

    @property
    def oldest(self) -> Cursor | None:
        """The lowest cursor of a pending event; None if none is pending."""
        with self._changed:
            return self._schedule.oldest

    @property
    def full(self) -> bool:
        """Whether to stop reading for now."""
        with self._changed:
            schedule = self._schedule
            self._was_full = len(schedule) >= self._most or schedule.size >= PENDING_BYTES
            return self._was_full

    @property
    def redriving(self) -> frozenset[str]:
        """Ids of the dead letters that are being redelivered."""
        with self._changed:
            return frozenset(self._redriven)

    def has(self, cursor: Cursor) -> bool:
        """Whether the event at this cursor is pending, or finished and not yet taken."""
        return cursor in self._schedule or cursor in self._finished

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries, each product's in order."""
        with self._changed:
            self._redriven |= {one.letter.id for one in deliveries if one.letter is not None}
            self._schedule.offer(deliveries, time.monotonic())
            self._changed.notify_all()

    def take_finished(self) -> set[Cursor]:
        """Return the cursors of the events that were finished since the last call."""
        with self._changed:
            finished, self._finished = self._finished, set()
            return finished

    def restart(self) -> None:
        """Wait for the running calls, then drop all pending deliveries."""
        with self._changed:
            self._restarting = True
            self._changed.wait_for(lambda: not self._calls)
            self._schedule = self._new_schedule()
            self._finished, self._redriven = set(), set()
            self.pause_asked, self.trouble = None, ""
            self._restarting = False
            self._changed.notify_all()

    def _new_schedule(self) -> Schedule:
        return Schedule(self._sink.batch_size, self._sink.batching_window, self._policy)

    def _run(self) -> None:
        try:
            while (call := self._next()) is not None:
                try:
                    self._make(call)
                finally:
                    with self._changed:
                        self._calls -= 1
                        self._changed.notify_all()
                self._report()
        except Stopped:
            pass
        except LeaseLost:
            self._end_lost()
        except BaseException:
            self._end_lost()  # the next owner of the lease starts the sink again
            raise

    def _next(self) -> Call | None:
        """Wait for the next call to make; None at the end."""
        with self._changed:
            while not (self._ending or self.lost):
                now = time.monotonic()
                if self.pause_asked is None and not self._restarting:
                    call = self._schedule.next(now, self._age)
                    if call is not None:
                        self._calls += 1
                        return call
                self._changed.wait(self._schedule.wait(now))
        return None

    def _make(self, call: Call) -> None:
        self._retry(self._guard, "lease")
        with self._changed:
            if self.pause_asked is not None:  # another call was answered meanwhile
                self._schedule.put_back(call)
                return
        events = [one.event for one in call.deliveries]
        try:
            if call.refusal is not None:
                rejected: Sequence[Rejected] = [Rejected(events[0], call.refusal)]
            else:
                rejected = self._deliver(call, events)
        except Unavailable as error:
            if isinstance(error, PauseSink):
                with self._changed:  # first, so that no other call begins
                    self.pause_asked = str(error)
            self._failed(call, error.delivered, str(error), error.retry_after)
        except Exception as error:  # noqa: BLE001 - a sink may raise any error
            _log.warning("a call of sink %s failed", self._sink.name, exc_info=True)
            self._failed(call, 0, f"{type(error).__name__}: {error}", None)
        else:
            self._settle(call, rejected)

    def _deliver(self, call: Call, events: Sequence[ChangeEvent]) -> Sequence[Rejected]:
        if self._sink.deliver_placed is None:
            return self._sink.deliver(events)
        return self._sink.deliver_placed([(one.cursor, one.event) for one in call.deliveries])

    def _settle(self, call: Call, rejected: Sequence[Rejected]) -> None:
        errors = {one.event.id: one.error for one in rejected}
        with self._changed:
            failures = self._schedule.failures(call.deliveries[0])
        attempts = failures if call.refusal is not None else failures + 1
        self.rejections.settle(call.deliveries, errors, max(1, attempts))
        SINK_DELIVERED.labels(self._sink.name).inc(len(call.deliveries) - len(errors))
        with self._changed:
            self._done(call.deliveries)
            accepted, error = len(call.deliveries) - len(errors), next(iter(errors.values()), "")
            self.last = self.last.after(accepted, error, wall_ms())
            self._schedule.succeeded(call, time.monotonic())
            if call.refusal is None:
                self.trouble = ""

    def _failed(self, call: Call, accepted: int, error: str, retry_after: float | None) -> None:
        accepted = min(max(accepted, 0), len(call.deliveries))  # a sink may miscount
        SINK_RETRIED.labels(self._sink.name).inc()
        SINK_DELIVERED.labels(self._sink.name).inc(accepted)
        self.rejections.settle(call.deliveries[:accepted], {})
        with self._changed:
            self._done(call.deliveries[:accepted])
            self._schedule.failed(call, accepted, error, retry_after, time.monotonic())
            self.last = self.last.after(accepted, error, wall_ms())
            self.trouble = error

    def _done(self, deliveries: Sequence[Delivery]) -> None:
        self._finished |= {one.cursor for one in deliveries if one.cursor is not None}
        self._redriven -= {one.letter.id for one in deliveries if one.letter is not None}

    def _age(self, delivery: Delivery) -> float:
        """Seconds since the event arrived; 0 for a redrive, which is never too old."""
        if delivery.cursor is None:
            return 0.0
        return (wall_ms() - delivery.cursor.ms) / 1000

    def _report(self) -> None:
        """Wake the reader thread only if it has work: waking it after each call is too slow."""
        with self._changed:
            has_room = self._was_full and len(self._schedule) <= self._most // 2
            if has_room:
                self._was_full = False
            changed = bool(self.trouble) != self._was_failing
            self._was_failing = bool(self.trouble)
            due = has_room or changed or not len(self._schedule) or self.pause_asked is not None
        if due:
            self._on_progress()

    def _end_lost(self) -> None:
        with self._changed:
            self.lost = True
            self._changed.notify_all()
        self._on_progress()
