"""What a broker does in rounds on its loop: it beats, and it sweeps up what nobody published."""

import asyncio
import logging
import time
from collections.abc import Callable

from app.broker.subscription import Pulse
from app.store.feed.cursor import wall_ms

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
