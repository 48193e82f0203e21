"""A sink of files is at the end of its last durable file; a file is written once, and whole.

It is written once nothing can arrive that belongs into it. After a crash, a takeover or a rewind,
the worker goes back to the beginning of the five minutes in which the cursor is, and passes over
the files that are there.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.observability.metrics import SINK_DELIVERED, SINK_LAG, SINK_RETRIED
from app.runtime.portion import PortionSize
from app.runtime.retry import Stopped
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, LeaseLost
from app.store.coordination.sink_row import Health, SinkRow
from app.store.feed.cursor import Cursor, before, wall_ms
from app.store.feed.feed import Arrival, EventRef
from app.store.sinks.sink_cursors import Superseded
from app.store.timeline.arrivals import Arrivals
from app.store.timeline.batch import Entry
from worker.consumers.files.windows import MOST, Files, window_end, window_start
from worker.consumers.process_parts import Shared
from worker.consumers.runner import SETTLES_MS, Runner
from worker.consumers.sink import Sink, Unavailable

_log = logging.getLogger(__name__)

_FIRST, _PORTION, _PORTION_BYTES = 10, 100, 4 * 1024 * 1024  # events in memory, besides the file's
_COUNT_EVERY = 5.0  # seconds between two counts of the events that wait


class _Read(NamedTuple):
    """Some arrivals with their events, and the errors of those that are damaged."""

    arrivals: list[Arrival]
    events: dict[EventRef, ChangeEvent]
    damaged: dict[EventRef, str]


class WindowRunner(Runner):
    """Runs one sink of files under one lease. A new sink begins with the first event there is."""

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
        """As for a `Runner`; the sink has `files`."""
        assert sink.files is not None  # noqa: S101 - the caller's choice of this class
        plan = replace(shared.plan, start=shared.plan.start or before(0))
        super().__init__(sink, replace(shared, plan=plan), lease, row, hold, guard, stop)
        self._files: Files = sink.files
        self._guard = guard
        self._arrivals: Arrivals | None = None  # after the last file; None: to be read
        self._place: Cursor | None = None  # the last durable arrival, once it is found
        self._due: int | None = None  # when the next file was due (ms since 1970), if it is late
        self._portion = PortionSize(_FIRST, _PORTION, _PORTION_BYTES)
        self._next_count = 0.0  # by the monotonic clock
        self._waiting = 0  # events of files that are late, as the last save has counted them
        self._failures, self._not_before = 0, 0.0  # by the monotonic clock
        self._file_trouble = ""
        self._head: Cursor | None = None  # of the timeline, when it was last reported

    def hint(self) -> None:
        """Ignore published events: they are due minutes later."""

    @property
    def _trouble(self) -> str:
        return self._file_trouble or super()._trouble

    def _turn(self) -> float:
        """Write the next file if it is due; returns the seconds to wait for a hint."""
        cursor, tail = self._cursor, self._shared.tail
        if self._noticed.version != cursor.row.version:
            self._reload()
        if cursor.row.state != "running":
            SINK_LAG.forget(self._sink.name)
            return self._sink.poll
        if time.monotonic() >= self._next_poll:
            whole_at = tail.whole_at
            self._pass = tail.refresh(self._pass, tail.hints)
            rest = 0.0 if tail.whole_at == whole_at else self._sink.poll  # it stopped early
            self._next_poll = time.monotonic() + rest
        cursor.open()
        more = self._redrive()
        wrote = time.monotonic() >= self._not_before and self._try_next()
        if self._head != tail.recent.newest:
            cursor.note_read()
        failing = bool(self._trouble)
        if cursor.is_due(idle=not wrote, failing=failing):
            self._head = tail.recent.newest
            cursor.save(self._health())
        SINK_LAG.note(self._sink.name, self._due, self._waiting)
        if wrote or more:
            return 0.0
        due = self._not_before if self._file_trouble else self._next_poll
        until = max(0.0, due - time.monotonic())
        return max(0.01, min(until, cursor.until_due(failing=failing)))

    def _try_next(self) -> bool:
        """Whether the sink has advanced; after a failure, the next try waits."""
        try:
            wrote = self._advance()
        except (StoreUnavailable, Superseded, LeaseLost, Stopped):
            self._arrivals = None
            raise
        except Exception as error:  # noqa: BLE001 - a sink may raise any error
            self._arrivals = None  # those that were taken are taken again
            known = isinstance(error, Unavailable)
            if not known:
                _log.warning("sink %s failed", self._sink.name, exc_info=True)
            SINK_RETRIED.labels(self._sink.name).inc()
            self._failures += 1
            self._file_trouble = str(error) if known else f"{type(error).__name__}: {error}"
            after = error.retry_after if isinstance(error, Unavailable) else None
            pause = self._shared.plan.policy.pause(self._failures, after)
            self._not_before = time.monotonic() + pause
            return False
        self._failures, self._file_trouble = 0, ""
        return wrote

    def _advance(self) -> bool:
        """Write the next file, or pass over one that is there; False if none is due."""
        tail = self._shared.tail
        if self._arrivals is None:
            start = self._place or before(window_start(self._cursor.position.settled.ms))
            until = window_start(tail.complete_ms())
            self._arrivals = Arrivals(tail.rows_after, start, until)
        first = self._arrivals.peek()
        if first is None:
            self._arrivals = self._due = None
            return False
        self._due = window_end(first.cursor.ms) + SETTLES_MS
        end = self._files.covered(first.cursor)
        if end is not None:
            self._arrivals.skip_to(end)
        else:
            end = self._write(first.cursor, self._arrivals)
        if end is None:
            return False
        self._place = end
        self._cursor.move_to(end)
        return True

    def _write(self, first: Cursor, arrivals: Arrivals) -> Cursor | None:
        """Write the file of the next arrivals; None if the worker has to leave."""
        edge, portion = window_end(first.ms), self._portion
        end, taken, written, seen = first, 0, 0, set[str]()
        with self._files.file(first) as file, ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self._read, arrivals, min(portion.limit, MOST), edge)
            while (read := ahead.result()).arrivals:
                if self._stop.is_set() or self._leaving.is_set():
                    return None
                end, count = read.arrivals[-1].cursor, len(read.arrivals)
                taken += count
                most = min(portion.limit, MOST - taken)
                ahead = pool.submit(self._read, arrivals, most, edge)  # while this is written
                entries = self._entries(read, seen)
                written += len(entries)
                portion.answered(count, file.add(entries))
            self._retry(self._guard, "lease")
            durable = file.close(end)
        SINK_DELIVERED.labels(self._sink.name).inc(written)
        if durable != end:  # by a worker that saw fewer arrivals: some of those taken come next
            self._arrivals = None
        return durable

    def _read(self, arrivals: Arrivals, most: int, edge: int) -> _Read:
        """The next arrivals of a file, and their events."""
        some = arrivals.take(most, edge)
        return _Read(some, *self._shared.tail.events([one.ref for one in some]))

    def _entries(self, read: _Read, seen: set[str]) -> list[Entry]:
        """The events that the sink wants; those that cannot be read become dead letters.

        An event without an audit entry was not published: it arrives again. One that has arrived
        again is in the file already: it is in `seen`.
        """
        arrivals, events, damaged = read
        self._threads.rejections.park_damaged(
            [(one.cursor, one.ref, damaged[one.ref]) for one in arrivals if one.ref in damaged]
        )
        entries = []
        for one in arrivals:
            event = events.get(one.ref)
            if event is not None and event.id not in seen and self._sink.takes(event):
                seen.add(event.id)
                entries.append(Entry(one.cursor, event))
        return entries

    def _reload(self) -> None:
        super()._reload()
        self._place = self._arrivals = None

    def _health(self) -> Health:
        """How long ago the next file was due, and how many events wait since then."""
        tail, late = self._shared.tail, 0.0
        if self._due is None:
            self._waiting = 0
        else:
            late = max(0.0, (wall_ms() - self._due) / 1000)
            if time.monotonic() >= self._next_count:  # it takes as long as reading many events
                self._waiting = tail.count_after(self._cursor.position)
                self._next_count = time.monotonic() + _COUNT_EVERY
        return Health(late, self._waiting, self._trouble, tail.recent.newest)
