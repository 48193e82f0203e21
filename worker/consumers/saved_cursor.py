"""A sink's cursor is saved only if its lease is held and the row's version is unchanged.

After a control action (pause, resume, rewind) the cursor is read from the row again, so a rewind is
never overwritten. Events delivered since the last save are then delivered again.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from app.store.coordination.leases import Lease, LeaseLost
from app.store.coordination.sink_row import Health, SinkRow, State
from app.store.feed.cursor import Cursor, before, wall_ms
from app.store.sinks.sink_cursors import Superseded
from app.store.timeline.position import Position, decoded
from app.store.timeline.recent_rows import BEGINNING
from worker.consumers.process_parts import Shared

_log = logging.getLogger(__name__)

SAVE_EVERY = 1.0  # seconds between saves while events are delivered
REPORT_EVERY = 15.0  # seconds between saves of an error alone, after the first
SAVE_SKIPPED_EVERY = 60.0  # seconds between saves if all events were filtered out
REPORT_IDLE_EVERY = 3600.0  # seconds between saves of an idle sink, to show that it runs


class SavedCursor:
    """How far events were delivered to a sink, under one lease."""

    def __init__(
        self,
        shared: Shared,
        lease: Lease,
        row: SinkRow,
        begins: Callable[[], int | None] | None = None,
    ) -> None:
        """`begins`: as in `Sink`."""
        self.row = row
        self._begins = begins
        self._rows = shared.rows
        self._tail = shared.tail
        self._plan = shared.plan
        self._lease = lease
        self._first: Cursor | None = None
        self._edge = BEGINNING
        self._position: Position | None = None
        self._saved_at = time.monotonic()
        self._delivered = self._skipped = False  # since the last save
        self._failing = False  # as the last save reported

    @property
    def position(self) -> Position:
        """The position; `open` must have been called."""
        if self._position is None:
            raise RuntimeError("the cursor is not open")
        return self._position

    @property
    def is_open(self) -> bool:
        """Whether the position was read; before that there is nothing to save."""
        return self._position is not None

    def open(self) -> None:
        """Read the position from the row, or save the first position of a new sink; only once.

        Raises:
            Superseded, LeaseLost, StoreUnavailable: as `SinkCursors.save`; Superseded also if the
                sink was stopped because events may have expired before delivery.

        """
        if self._position is not None:
            return
        if self.row.cursor is None:
            if self._first is None:
                self._first = self._beginning()
            # Nothing is delivered before this is saved: after a crash, the sink would begin later.
            # After a lost response, the same position is saved again.
            first = Position(self._first)
            self._save(first, Health())
            self._position = first
            return
        self._check_retention()
        self._position = decoded(self.row.cursor, self.row.taken)

    def _beginning(self) -> Cursor:
        """Where a new sink begins: at a time of the settings, where the sink asks, or now."""
        self._tail.refresh(self._tail.passes, 0)
        first = self._plan.start or self._tail.recent.newest
        # Asked after the pass: what the sink does not know of yet is about events after `first`.
        since = self._begins() if self._begins is not None else None
        return first if since is None else min(first, before(since))

    def reload(self) -> None:
        """Read the row again and discard unsaved progress.

        Raises:
            LeaseLost: the sink belongs to another worker.
            StoreUnavailable: the row cannot be read now.

        """
        row = self._rows.get(self._lease.shard_id)
        if row is None or (row.owner, row.counter) != (self._lease.owner, self._lease.counter):
            raise LeaseLost
        self.row, self._position, self._edge = row, None, BEGINNING
        self._delivered = self._skipped = False

    def read_to(self, edge: Cursor) -> None:
        """Record that every row up to `edge` was read; no row can appear before it (`Batch.edge`).

        Rows that a later pass of another consumer settled do not count: this sink has not read
        them.
        """
        self._edge = edge
        self.position.settle(edge)

    def deliver(self, cursors: Iterable[Cursor]) -> None:
        """Record that the events at these cursors were delivered or rejected."""
        for cursor in cursors:
            self.position.add(cursor)
            self._delivered = True
        self.position.settle(self._edge)  # so that a consumer far behind can read its next page now

    def skip(self, cursors: Iterable[Cursor]) -> None:
        """Record that the events at these cursors are not for this sink."""
        for cursor in cursors:
            self.position.add(cursor)
            self._skipped = True

    def move_to(self, cursor: Cursor) -> None:
        """Record that the event at this cursor is done, and with it all before it."""
        self.position.settled = max(self.position.settled, cursor)
        self._delivered = True

    def note_read(self) -> None:
        """Record that events were read that the sink need not have yet."""
        self._skipped = True

    def is_due(self, *, idle: bool, failing: bool) -> bool:
        """Whether a save is due; `idle`: no event is pending."""
        return (self._delivered and idle) or not self.until_due(failing=failing)

    def until_due(self, *, failing: bool) -> float:
        """Seconds until a save is due, if nothing else happens."""
        every = REPORT_IDLE_EVERY
        if self._skipped:
            every = SAVE_SKIPPED_EVERY
        if failing or self._failing:  # a failure that begins or ends is reported soon
            every = REPORT_EVERY if failing and self._failing else SAVE_EVERY
        if self._delivered:
            every = SAVE_EVERY
        return max(0.0, self._saved_at + every - time.monotonic())

    def save(self, health: Health) -> None:
        """Save the position and the sink's health; raises as `SinkCursors.save`."""
        self._save(self.position, health)

    def _save(self, position: Position, health: Health) -> None:
        position.settle(self._edge)
        self._rows.save(self._lease, self.row.version, position.settled, position.encoded(), health)
        self._saved_at = time.monotonic()
        self._delivered = self._skipped = False
        self._failing = bool(health.error)

    def stop(self, state: State, why: str) -> None:
        """Pause or stop the sink on the worker's own initiative; raises as `SinkCursors.save`."""
        _log.error("sink %s is %s: %s", self._lease.shard_id, state, why)
        self._rows.stop(self._lease, self.row.version, state, why)

    def _check_retention(self) -> None:
        """Stop a sink that did not run for longer than events are kept, if events arrived then."""
        row, retention = self.row, self._plan.retention
        if retention is None or row.cursor is None or row.saved_at is None:
            return
        kept_ms = int(retention.total_seconds() * 1000)
        oldest = before(wall_ms() - kept_ms)
        saved_ms = datetime.fromisoformat(row.saved_at).timestamp() * 1000
        if (
            row.cursor < oldest
            and saved_ms < oldest.ms
            and self._tail.has_day(row.cursor.day, oldest.day)
        ):
            self.stop(
                "stopped",
                f"events from {row.cursor.day} on may have expired before they were delivered: "
                "rewind the sink to a time that is still kept, or resume it to skip them",
            )
            raise Superseded
