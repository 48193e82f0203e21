"""Clients that come back at once share one read of `Feed`, and few reads run at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Arrival, EventRef

MAX_EVENTS = 5_000  # a client that missed more starts afresh
_AT_ONCE = 2

Missed = Sequence[Arrived] | None


class History(Protocol):
    """What the broker needs of the timeline."""

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        """The newest arrivals, oldest first, and the places of some before, newest first."""

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = ...
    ) -> Iterator[Arrived]:
        """Arrivals from `since_ms` on, newest first, of those only what is lacking."""

    def backfill(self, cursor: Cursor, limit: int) -> Sequence[Arrived] | None:
        """Events from 10 s before the cursor, oldest first; None for more than `limit`."""


class Backfills:
    """Reads of what clients missed."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[int, tuple[asyncio.Task[Missed], int]] = {}

    async def since(self, cursor: Cursor, end: int) -> tuple[Missed, int]:
        """Everything since some seconds before the cursor, and where in the ring to go on.

        None for too much. `end` is the ring's end now; whoever joins a read under way goes
        on from where the ring ended when that read began, for it may lack what came since.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        second = cursor.ms // 1000
        if second not in self._under_way:
            task = asyncio.create_task(self._load(Cursor(second * 1000, "00000000", 0)))
            self._under_way[second] = task, end
            task.add_done_callback(lambda _: self._under_way.pop(second, None))
        task, began = self._under_way[second]
        # Shielded: one client that leaves must not take the others' answer with it.
        return await asyncio.shield(task), began

    async def _load(self, cursor: Cursor) -> Missed:
        async with self._places:
            return await asyncio.to_thread(self._history.backfill, cursor, MAX_EVENTS)
