"""A live stream ends soon after its identity becomes invalid; one task checks all streams.

A timer for each stream would wake thousands of times a second for nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime

from app.core.errors import StoreUnavailable
from app.runtime.background_task import background
from app.store.access.key_cache import KeySnapshot
from app.web.auth.identity import Identity, still_valid

_log = logging.getLogger(__name__)

INTERVAL = 2.0  # seconds

End = Callable[[], object]


class StreamRevocation:
    """Open streams by identity, and the task that checks whether the identities are still valid."""

    def __init__(
        self,
        known: Callable[[], Awaitable[KeySnapshot]],
        now: Callable[[], datetime],
        interval: float = INTERVAL,
    ) -> None:
        self._known = known
        self._now = now
        self._interval = interval
        self._ends: dict[Identity, set[End]] = {}

    @contextmanager
    def end_when_invalid(self, identity: Identity, end: End) -> Iterator[None]:
        """Call the stream's own `end` on the event loop once the identity is no longer valid."""
        ends = self._ends.setdefault(identity, set())
        ends.add(end)
        try:
            yield
        finally:
            ends.discard(end)
            if not ends and self._ends.get(identity) is ends:
                del self._ends[identity]

    def running(self) -> AbstractAsyncContextManager[None]:
        """Check periodically until the block ends."""
        return background(self._check_periodically())

    async def _check_periodically(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.check()
            except StoreUnavailable:
                _log.warning("open streams cannot be checked: the store is unavailable")
            except Exception:  # noqa: BLE001 - no error may stop the checks
                _log.exception("open streams could not be checked")

    async def check(self) -> None:
        """End every stream whose identity is no longer valid."""
        if not self._ends:
            return
        known = await self._known()
        now = self._now()
        for identity in [one for one in self._ends if not still_valid(one, known, now)]:
            for end in tuple(self._ends[identity]):
                end()
