"""Publish from any thread, subscribe from the event loop; `Feed` stays the truth behind the ring.

Nothing that was shown live is lost to a client that comes back with its cursor: what the
ring no longer holds is read from `Feed`.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from app.broker.backfill import Backfills, History
from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame, change_frame, retry_hint, signal
from app.broker.ring import MAX_BYTES, MAX_EVENTS, Ring
from app.broker.subscription import Pulse, Subscription
from app.broker.view import View
from app.events import rfc3339
from app.store.audit import Arrived
from app.store.cursor import Cursor, parse_cursor, wall_ms
from app.store.errors import StockpulseError

_log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds
TICK = 1.0  # seconds between looks at the store's state, which a beat tells at once
SWEEP = 30.0  # seconds between looks at `Feed` for what another process wrote
SWEEP_MS = 120_000  # how far back such a look goes
MAX_AGE_BEATS = (120, 240)  # a connection lives 30 to 60 minutes, jittered


class TooManyStreams(StockpulseError):
    """The process serves as many live streams as it may."""

    status = 503
    code = "too-many-streams"
    title = "Too many live streams"


class InProcessBroker:
    """One process's ring and its subscribers.

    `table` names the products table in the events' `source`; `status` says what is wrong
    with the store (None: nothing), for heartbeats.
    """

    def __init__(
        self,
        history: History,
        table: str,
        *,
        version: str,
        status: Callable[[], str | None] = lambda: None,
        max_streams: int = 10_000,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._history = history
        self._backfills = Backfills(history)
        self._table = table
        self._version = version
        self._status = status
        self._max_streams = max_streams
        self._max_events = max_events
        self._ring = Ring(max_events, max_bytes)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notified = False
        self._views: dict[Filter, View] = {}
        self._pulse = Pulse()
        self._origin = str(Cursor(wall_ms(), "00000000", 0))
        self._lag = {"stream": 0, "audit": 0}
        self.subscribers = 0
        self.overruns = 0

    def load(self) -> None:
        """Fill the ring with the newest events of `Feed`; before the stream opens."""
        self._add(self._history.recent(self._max_events))

    def publish(self, arrived: Sequence[Arrived]) -> None:
        """Hand durable events, in order, to every subscriber; callable from any thread."""
        if not arrived:
            return
        self._add(arrived)
        cursor, event = arrived[-1]
        occurred_ms = int(event.occurred_at.timestamp() * 1000)
        self._lag = {"stream": max(0, cursor.ms - occurred_ms), "audit": wall_ms() - cursor.ms}

    def _add(self, arrived: Sequence[Arrived]) -> None:
        frames = self._frames(arrived, EVERYTHING)
        with self._lock:
            for frame in frames:
                self._ring.append(frame)
            loop, pending = self._loop, self._notified
            self._notified = loop is not None
        if loop is not None and not pending:
            with suppress(RuntimeError):  # the loop has closed: nobody is listening any more
                loop.call_soon_threadsafe(self._notify)

    def check(self, after: str | None) -> None:
        """Refuse a subscription that could not be served, before its answer begins.

        Raises:
            InvalidCursor: `after` is not a cursor.
            TooManyStreams: the process is full.

        """
        if after is not None:
            parse_cursor(after)
        if self.subscribers >= self._max_streams:
            raise TooManyStreams(
                f"{self.subscribers} streams are open already.", headers={"Retry-After": "10"}
            )

    @property
    def head(self) -> str:
        """The cursor of the newest event, or of the time before any."""
        return self._end()[1]

    @property
    def held(self) -> int:
        """How many events the ring holds."""
        return self._ring.end - self._ring.start

    def _end(self) -> tuple[int, str]:
        """The ring's end and the cursor that stands there, of one moment."""
        while True:
            position = self._ring.end
            cursor = self._ring.cursor_before(position)
            if cursor is not None or position == 0:
                return position, cursor or self._origin
            # It was evicted between the two looks, by a ring's worth of events: look again.

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve subscribers on this event loop until the block ends, then end them all."""
        self._loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._sweep())]
        try:
            yield
        finally:
            self.close()
            self._loop = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """End every subscription; clients come back with their cursor. On the loop's thread."""
        self._pulse.closing = True
        self._wake_all()

    @asynccontextmanager
    async def subscribe(
        self, after: str | None = None, wanted: Filter = EVERYTHING
    ) -> AsyncIterator[Subscription]:
        """A live subscription from the cursor on, or from now (None).

        Raises:
            InvalidCursor: `after` is not a cursor.
            TooManyStreams: the process is full.
            StoreUnavailable: what was missed cannot be read now.

        """
        self.check(after)
        cursor = None if after is None else parse_cursor(after)
        self.subscribers += 1
        view = self._views.get(wanted)
        if view is None:
            view = self._views[wanted] = View(self._ring, wanted, self._ring.end)
        view.subscribers += 1
        try:
            yield await self._resume(cursor, view, wanted)
        finally:
            self.subscribers -= 1
            view.subscribers -= 1
            if not view.subscribers:
                del self._views[wanted]

    async def _resume(self, cursor: Cursor | None, view: View, wanted: Filter) -> Subscription:
        position, head_cursor = self._end()
        reached = head_cursor if cursor is None else str(cursor)
        held = None if cursor is None else self._ring.position_of(str(cursor))
        opening = [retry_hint(random.randint(1000, 4000))]  # noqa: S311 - jitter, not a secret
        backfill: list[Frame] = []
        if held is not None:
            position = held + 1
        elif cursor is not None:
            missed, began = await self._backfills.since(cursor, position)
            if missed is None:
                position, reached = self._end()
                opening.append(signal("reset", reached, {"cursor": reached}))
            else:
                position = began
                # Off the loop: thousands of events take a while to encode.
                backfill = await asyncio.to_thread(self._frames, missed, wanted)
        opening.append(self._hello(reached))
        view.reach_back(position)
        if view.advance():
            view.wake()
        return Subscription(
            ring=self._ring,
            view=view,
            pulse=self._pulse,
            position=position,
            opening=opening,
            backfill=backfill,
            heartbeat=self._heartbeat,
            fell_out=self._count_overrun,
            cursor=reached,
            max_beats=random.randint(*MAX_AGE_BEATS),  # noqa: S311 - jitter
        )

    def _frames(self, arrived: Sequence[Arrived], wanted: Filter) -> list[Frame]:
        shown = (item for item in arrived if item[1].kind != "internal")
        frames = (change_frame(str(cursor), event, self._table) for cursor, event in shown)
        return [frame for frame in frames if wanted.admits(frame.topic)]

    def _hello(self, cursor: str) -> bytes:
        document = {
            "cursor": cursor,
            "server_version": self._version,
            "store": self._status() or "ok",
        }
        return signal("hello", cursor, document)

    def _heartbeat(self, cursor: str) -> bytes:
        document: dict[str, Any] = {
            "time": rfc3339(datetime.now(UTC)),
            "lag_ms": self._lag,
            "store": self._status() or "ok",
        }
        return signal("heartbeat", cursor, document)

    def _count_overrun(self) -> None:
        self.overruns += 1

    def _notify(self) -> None:
        """On the loop's thread, once for all that was published since the last time."""
        with self._lock:
            self._notified = False
        for view in self._views.values():
            if view.advance():
                view.wake()

    def _wake_all(self) -> None:
        for view in self._views.values():
            view.wake()

    async def _beat(self) -> None:
        """Beat every 15 s, and as soon as the store's state changes."""
        told, last = self._status(), time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            status = self._status()
            if status != told or time.monotonic() - last >= HEARTBEAT:
                told, last = status, time.monotonic()
                self._pulse.beats += 1
                self._wake_all()

    async def _sweep(self) -> None:
        """Add what `Feed` has and the ring has not: written by a process that died in between."""
        while True:
            await asyncio.sleep(SWEEP)
            since = Cursor(wall_ms() - SWEEP_MS, "00000000", 0)
            try:
                missed, _ = await self._backfills.since(since, self._ring.end)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look may succeed
                _log.warning("cannot look into the feed: %s", error)
                continue
            if missed is None:
                _log.warning("more arrived than one look into the feed can take")
            # What is older than the ring's oldest was in it, and has fallen out.
            oldest = (self._ring.start and self._ring.cursor_before(self._ring.start + 1)) or ""
            self._add([item for item in missed or [] if str(item[0]) > oldest])
