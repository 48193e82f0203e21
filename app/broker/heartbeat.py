"""What a broker does in rounds on its loop: it beats, and it sweeps up what nobody published."""

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
TICK = 1.0  # seconds between looks at the store's state, which a beat tells at once
SWEEP = 30.0  # seconds between looks at `Feed` for what another process wrote
SWEEP_MS = 120_000  # how far back such a look goes


async def beat(status: Callable[[], str | None], pulse: Pulse, wake: Callable[[], None]) -> None:
    """Beat every 15 s, and as soon as the store's state changes."""
    told, last = status(), time.monotonic()
    while True:
        await asyncio.sleep(TICK)
        now = status()
        if now != told or time.monotonic() - last >= HEARTBEAT:
            told, last = now, time.monotonic()
            pulse.beats += 1
            wake()


async def sweep(catch_up: Callable[[int], object], floor_ms: Callable[[], int]) -> None:
    """Add what `Feed` has and the ring has not: written by a process that died in between."""
    while True:
        await asyncio.sleep(SWEEP)
        # What is older than the ring's floor was in it, and has fallen out.
        since = max(wall_ms() - SWEEP_MS, floor_ms() + 1)
        try:
            await asyncio.to_thread(catch_up, since)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next look may succeed
            _log.warning("cannot look into the feed: %s", error)


class StatusMessages:
    """Makes `hello` and `heartbeat`; `status` says what is wrong (None: nothing)."""

    def __init__(self, version: str, status: Callable[[], str | None]) -> None:
        self._version = version
        self.status = status
        self._lag = {"stream": 0, "audit": 0}

    def published(self, cursor: Cursor, occurred_ms: int) -> None:
        """The newest event is out: note how long it took, in the stream and since its stamp."""
        self._lag = {
            "stream": max(0, cursor.ms - occurred_ms),
            "audit": max(0, wall_ms() - cursor.ms),
        }

    def hello(self, cursor: str) -> bytes:
        """The first message."""
        told = {
            "cursor": cursor,
            "server_version": self._version,
            "store": self.status() or "ok",
        }
        return signal("hello", cursor, told)

    def heartbeat(self, cursor: str) -> bytes:
        """The message of quiet times."""
        told: dict[str, Any] = {
            "time": rfc3339(datetime.now(UTC)),
            "lag_ms": self._lag,
            "store": self.status() or "ok",
        }
        return signal("heartbeat", cursor, told)
