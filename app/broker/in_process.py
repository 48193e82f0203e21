"""Publish from any thread, subscribe from the event loop; `Feed` is the durable log behind it."""

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from app.broker.backfill import History, begin, gather
from app.broker.condition import Condition
from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame, frame_of_arrival, retry_hint
from app.broker.heartbeat import StatusMessages, beat, sweep
from app.broker.resumption import Resumption
from app.broker.ring import MAX_BYTES, MAX_EVENTS, Ring
from app.broker.subscription import Pulse, StreamLimit, Subscription
from app.broker.views import View, Views
from app.core.events import event_id
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor, parse_cursor, wall_ms

_log = logging.getLogger(__name__)

# Seconds for which a publishing thread stands back, so that the event loop can send the frames at
# once. It would otherwise wait for the thread to give up the GIL: 0.5 ms of 14 (bench/latency.py).
STAND_BACK = 0.0003
MAX_AGE_BEATS = (600, 1200)  # heartbeats until a connection ends: 30 to 60 minutes, jittered


class InProcessBroker:
    """One process's ring and its subscribers.

    `table` is the products table's name, for the events' `source`. `condition` is for heartbeats.
    `overlap_ms` is how far before its cursor a client resumes in the ring: 0 for a single writer,
    whose order every ring keeps.
    """

    def __init__(
        self,
        history: History,
        table: str,
        *,
        version: str,
        condition: Callable[[], Condition] = Condition,
        max_streams: int = 10_000,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        overlap_ms: int = 0,
    ) -> None:
        self._history = history
        self._frame = partial(frame_of_arrival, table)
        self.condition = condition
        self._vitals = StatusMessages(version, condition)
        self._limit = StreamLimit(max_streams)
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._ring = Ring(max_events, max_bytes, resend=overlap_ms > 0)
        self._resumption = Resumption(self._ring, history, self._frame, self._end, overlap_ms)
        self._lock = threading.Lock()
        self._views = Views(self._ring)
        self._pulse = Pulse()
        self._origin = str(Cursor(wall_ms(), "00000000", 0))
        self.overruns = 0

    def load(self) -> int:
        """Fill the ring with the newest events before the stream is read; returns the newest stamp.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        with self._lock:
            return begin(self._ring, self._history, self._frame)

    def catch_up(self, since_ms: int) -> int:
        """Add events from `since_ms` on that are not in the ring; returns the newest stamp seen.

        If there are more than the ring can hold, the ring is replaced, and every subscriber
        is disconnected and resumes from its cursor. Callable from any thread.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        with self._lock:
            held = self._ring.held()  # an event evicted while `Feed` is read is not missing

        def lacks(ref: tuple[str, str]) -> bool:
            name = event_id(*ref)
            return name not in held and not self._ring.holds(name)

        lacking = self._history.recent(since_ms, lacks)
        found = gather(lacking, self._frame, self._max_events, self._max_bytes)
        if self.subscribers and not found.complete:
            _log.warning("more events were missed than the ring holds: all live streams reconnect")
        self.hold(found.frames, left_out_ms=None if found.complete else found.oldest_ms)
        return found.newest_ms

    def publish(self, arrived: Sequence[Arrived]) -> None:
        """Send durable events, in order, to every subscriber; callable from any thread."""
        if not arrived:
            return
        frames = [frame for frame in map(self._frame, arrived) if frame]
        self.hold(frames)
        if frames and self.subscribers:
            time.sleep(STAND_BACK)
        cursor, event = arrived[-1]
        self._vitals.published(cursor, int(event.occurred_at.timestamp() * 1000))

    def take(self, frames: Sequence[Frame], cursor: Cursor, occurred_ms: int) -> None:
        """Send events that another process encoded; the last one's cursor and time are given."""
        self.hold(frames)
        self._vitals.published(cursor, occurred_ms)

    def hold(self, frames: Sequence[Frame], left_out_ms: int | None = None) -> None:
        """Add frames to the ring.

        With `left_out_ms` they replace its content: older frames, up to this stamp, were left out.
        """
        with self._lock:
            if left_out_ms is not None:
                self._ring.reload(frames, left_out_ms)
            else:
                for frame in frames:
                    self._ring.append(frame)
            if frames:
                self._pulse.added_at = time.monotonic()
        self._views.notify()

    def check(self, after: str | None) -> None:
        """Refuse a subscription that could not be served, before the response begins.

        Raises:
            InvalidCursor: `after` is not a cursor.
            TooManyStreams: the process has reached its limit.

        """
        if after is not None:
            parse_cursor(after)
        self._limit.check()

    @property
    def subscribers(self) -> int:
        """How many live streams are open."""
        return self._limit.open

    @property
    def head(self) -> str:
        """The cursor of the newest event, or one before any event."""
        return self._end()[1]

    def newest(self) -> tuple[str, Iterator[Frame], bool]:
        """`head`, the frames up to there, newest first, and whether those are all events."""
        cursor, frames = self._ring.newest()
        return cursor or self._origin, frames, self._ring.floor_ms < 0

    @property
    def held(self) -> int:
        """How many events the ring holds."""
        return self._ring.end - self._ring.start

    @property
    def sent_after(self) -> float | None:
        """Seconds until every live stream had been sent the newest change; None: none was sent."""
        return self._pulse.sent

    @property
    def delays(self) -> tuple[float, float] | None:
        """The newest change's seconds until its stamp, and from there to this process's ring."""
        return self._vitals.delays

    def _end(self) -> tuple[int, str]:
        """The ring's end and the cursor there, read consistently."""
        position, cursor = self._ring.last()
        return position, cursor or self._origin

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve subscribers on this event loop until the block ends, then end every stream."""
        tasks = [
            asyncio.create_task(beat(self._vitals, self._pulse, self._views.wake)),
            asyncio.create_task(sweep(self.catch_up, lambda: self._ring.floor_ms)),
        ]
        try:
            with self._views.running():
                yield
        finally:
            self.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """End every subscription; clients resume with their cursor. Call on the loop's thread."""
        self._pulse.closing = True
        self._views.wake()

    @asynccontextmanager
    async def subscribe(
        self,
        after: str | None = None,
        wanted: Filter = EVERYTHING,
        account: str | None = None,
    ) -> AsyncIterator[Subscription]:
        """A live subscription from the cursor on, or from now (None).

        Missed events are read for one `account` after another.

        Raises:
            InvalidCursor: `after` is not a cursor.
            TooManyStreams: the process has reached its limit.
            StoreUnavailable: the missed events cannot be read now.

        """
        self.check(after)
        cursor = None if after is None else parse_cursor(after)
        with self._limit.stream(), self._views.joined(wanted) as view:
            yield await self._start(cursor, view, wanted, account)

    async def _start(
        self, cursor: Cursor | None, view: View, wanted: Filter, account: str | None
    ) -> Subscription:
        start = await self._resumption.start(cursor, account)
        hint = retry_hint(random.randint(1000, 4000))  # noqa: S311 - jitter, not a secret
        view.reach_back(start.position)
        if view.advance():
            view.wake()
        return Subscription(
            ring=self._ring,
            view=view,
            wanted=wanted,
            pulse=self._pulse,
            position=start.position,
            opening=[hint, *start.signals, self._vitals.hello(start.cursor, self.head)],
            missed=start.missed,
            more=partial(self._resumption.more, account=account),
            heartbeat=self._vitals.heartbeat,
            fell_out=self._count_overrun,
            cursor=start.cursor,
            max_beats=random.randint(*MAX_AGE_BEATS),  # noqa: S311 - jitter
        )

    def _count_overrun(self) -> None:
        self.overruns += 1
