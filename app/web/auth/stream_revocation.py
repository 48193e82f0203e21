"""A live stream ends soon after whoever opened it may no longer read: one look for all streams.

A timer in each stream would wake thousands of times a second for nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime

from app.core.errors import StoreUnavailable
from app.store.access.key_cache import KeySnapshot
from app.web.auth.identity import Identity, holds

_log = logging.getLogger(__name__)

LOOK = 2.0  # seconds

End = Callable[[], object]


class StreamRevocation:
    """Open streams by identity, and the one task that looks whether these still hold."""

    def __init__(
        self,
        known: Callable[[], Awaitable[KeySnapshot]],
        now: Callable[[], datetime],
        look: float = LOOK,
    ) -> None:
        self._known = known
        self._now = now
        self._look = look
        self._ends: dict[Identity, set[End]] = {}

    @contextmanager
    def over(self, identity: Identity, end: End) -> Iterator[None]:
        """Call `end` (each stream's own) when the identity no longer holds; on the loop."""
        ends = self._ends.setdefault(identity, set())
        ends.add(end)
        try:
            yield
        finally:
            ends.discard(end)
            if not ends and self._ends.get(identity) is ends:
                del self._ends[identity]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look on until the block ends."""
        task = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._look)
            try:
                await self.look()
            except StoreUnavailable:
                _log.warning("whether open streams may go on is not known while the store is away")
            except Exception:  # noqa: BLE001 - whatever it is, the next look must come
                _log.exception("open streams could not be looked at")

    async def look(self) -> None:
        """End every stream whose identity no longer holds."""
        if not self._ends:
            return
        known = await self._known()
        now = self._now()
        for identity in [one for one in self._ends if not holds(one, known, now)]:
            for end in tuple(self._ends[identity]):
                end()
