"""The broker sends heartbeats, and periodically adds events that no process published."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.broker.frames import signal
from app.broker.subscription import Pulse
from app.core.events import rfc3339
from app.store.feed.cursor import Cursor, wall_ms

_log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds
TICK = 1.0  # seconds between checks of the store's state; a change is sent at once
SWEEP = 30.0  # seconds between reads of `Feed` for events that another process wrote
SWEEP_MS = 120_000  # how far back such a read goes


async def beat(status: Callable[[], str | None], pulse: Pulse, wake: Callable[[], None]) -> None:
    """Send a heartbeat every 15 s, and as soon as the store's state changes."""
    sent, last = status(), time.monotonic()
    while True:
        await asyncio.sleep(TICK)
        now = status()
        if now != sent or time.monotonic() - last >= HEARTBEAT:
            sent, last = now, time.monotonic()
            pulse.beats += 1
            wake()


async def sweep(catch_up: Callable[[int], object], floor_ms: Callable[[], int]) -> None:
    """Add events that are in `Feed` but not in the ring: their writer died before publishing."""
    while True:
        await asyncio.sleep(SWEEP)
        # Events below the ring's floor were in the ring and have been evicted.
        since = max(wall_ms() - SWEEP_MS, floor_ms() + 1)
        try:
            await asyncio.to_thread(catch_up, since)
        except Exception as error:  # noqa: BLE001 - whatever the error, the next read may succeed
            _log.warning("cannot read the feed: %s", error)


class StatusMessages:
    """Builds `hello` and `heartbeat`; `status` returns what is wrong (None: nothing)."""

    def __init__(self, version: str, status: Callable[[], str | None]) -> None:
        self._version = version
        self.status = status
        self._lag = {"stream": 0, "audit": 0}

    def published(self, cursor: Cursor, occurred_ms: int) -> None:
        """Note the newest event's delays: in the stream, and from its stamp until now.

        Stamps never go back, so after the clock was set back they are ahead of it for a while.
        """
        now = wall_ms()
        self._lag = {
            "stream": max(0, min(cursor.ms, now) - occurred_ms),
            "audit": max(0, now - cursor.ms),
        }

    def hello(self, cursor: str, head: str) -> bytes:
        """The first message of a stream; a client that has received `head` has caught up."""
        data = {
            "cursor": cursor,
            "head": head,
            "server_version": self._version,
            "store": self.status() or "ok",
        }
        return signal("hello", cursor, data)

    def heartbeat(self, cursor: str) -> bytes:
        """The message sent when there are no events."""
        data: dict[str, Any] = {
            "time": rfc3339(datetime.now(UTC)),
            "lag_ms": self._lag,
            "store": self.status() or "ok",
        }
        return signal("heartbeat", cursor, data)
