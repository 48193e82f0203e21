"""Requests that wait too long for one of the web server's threads make `/readyz` answer 503.

Health checks need no thread, so they alone would report a server as healthy that serves no page.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio.to_thread

from app.runtime.background_task import background

INTERVAL = 1.0  # seconds between two turns
PATIENCE = 2.0  # seconds that a request may wait


class WebThreads:
    """Queues for a thread as requests do, once a second, and measures the wait."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._waits_since: float | None = None

    def running(self) -> AbstractAsyncContextManager[None]:
        """Measure until the block ends, on the event loop of the web server."""
        return background(self._measure())

    def problem(self) -> str | None:
        """For how long requests have waited; None if it is short. Never blocks."""
        since = self._waits_since
        waited = 0.0 if since is None else self._monotonic() - since
        if waited < PATIENCE:
            return None
        return f"all threads are busy, so requests have waited for {waited:.0f} s"

    async def _measure(self) -> None:
        limiter = anyio.to_thread.current_default_thread_limiter()
        while True:
            self._waits_since = self._monotonic()
            async with limiter:
                self._waits_since = None
            await asyncio.sleep(INTERVAL)
