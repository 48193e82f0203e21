"""The broker sends heartbeats, and periodically adds events that no process published."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.broker.condition import Condition
from app.broker.frames import signal
from app.broker.subscription import Pulse
from app.core.events import rfc3339
from app.store.feed.cursor import Cursor, wall_ms

_log = logging.getLogger(__name__)

HEARTBEAT = 3.0  # seconds
TICK = 0.5  # seconds between checks of the condition; another state is sent at once
LAG_SHOWN = 10_000  # milliseconds for which heartbeats report the lag of the newest change
SWEEP = 30.0  # seconds between reads of `Feed` for events that another process wrote
SWEEP_MS = 120_000  # how far back such a read goes


async def beat(messages: "StatusMessages", pulse: Pulse, wake: Callable[[], None]) -> None:
    """Send a heartbeat every 3 s, and as soon as the state changes."""
    sent, last = messages.condition().state, time.monotonic()
    while True:
        await asyncio.sleep(TICK)
        now = messages.condition().state
        if now != sent or time.monotonic() - last > HEARTBEAT - TICK / 2:
            sent, last = now, time.monotonic()
            messages.renew()
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
    """Builds `hello` and `heartbeat`, which carry the condition and the lag of each hop."""

    def __init__(self, version: str, condition: Callable[[], Condition]) -> None:
        self._version = version
        self.condition = condition
        self._lag = {"stream": 0, "audit": 0}
        self._published_ms = 0
        self._status: dict[str, Any] | None = None  # of the current beat
        self._sent = ("", b"")  # the newest heartbeat and its cursor

    def published(self, cursor: Cursor, occurred_ms: int) -> None:
        """Note the newest event's delays: in the stream, and from its stamp until now.

        Stamps never go back, so after the clock was set back they are ahead of it for a while.
        """
        now = self._published_ms = wall_ms()
        self._lag = {
            "stream": max(0, min(cursor.ms, now) - occurred_ms),
            "audit": max(0, now - cursor.ms),
        }

    @property
    def delays(self) -> tuple[float, float] | None:
        """The newest change's delays in seconds, as `published` notes them; None before it."""
        if not self._published_ms:
            return None
        return self._lag["stream"] / 1000, self._lag["audit"] / 1000

    def renew(self) -> None:
        """Read the condition again for the next heartbeat."""
        self._status = None

    def hello(self, cursor: str, head: str) -> bytes:
        """The first message of a stream; a client that has received `head` has caught up."""
        data = {"cursor": cursor, "head": head, "server_version": self._version}
        return signal("hello", cursor, data | self._current())

    def heartbeat(self, cursor: str) -> bytes:
        """The message sent when there are no events; subscribers at one cursor share its bytes."""
        if self._status is None:
            self._status, self._sent = self._current(), ("", b"")
        if self._sent[0] != cursor:
            self._sent = (cursor, signal("heartbeat", cursor, self._status))
        return self._sent[1]

    def _current(self) -> dict[str, Any]:
        found = self.condition()
        is_recent = wall_ms() - self._published_ms < LAG_SHOWN
        lag = self._lag if is_recent else {"stream": 0, "audit": 0}
        return {
            "time": rfc3339(datetime.now(UTC)),
            # On Lambda, changes that arrive are the only proof that the stream is read.
            "state": "live" if found.state == "unproven" and is_recent else found.state,
            "says": found.says,
            "since": found.since and rfc3339(found.since),
            "seen": {hop: at and rfc3339(at) for hop, at in found.seen.items()},
            "lag_ms": lag | {"stream": max(lag["stream"], round(found.lag * 1000))},
            "store": found.part or "ok",
        }
