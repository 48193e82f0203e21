"""A client that comes back misses nothing that was shown live: the ring or `Feed` has it.

Where several processes write (ADR 0006), a client is sent everything from 10 s before its cursor,
and drops the events that it has. One that missed too much is sent a `reset`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.broker.backfill import Backfills, History
from app.broker.filters import Filter
from app.broker.frames import Frame, signal
from app.broker.ring import Ring
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor

Encode = Callable[[Sequence[Arrived], Filter], list[Frame]]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a subscription begins in the ring, at which cursor, and what it is sent before."""

    position: int
    cursor: str
    signals: Sequence[bytes] = ()
    backfill: Sequence[Frame] = ()


class Resumption:
    """Finds where a client's cursor is.

    `end` returns the ring's end and the cursor there. `overlap_ms` is how far before its cursor a
    client resumes in the ring.
    """

    def __init__(
        self,
        ring: Ring,
        history: History,
        encode: Encode,
        end: Callable[[], tuple[int, str]],
        overlap_ms: int,
    ) -> None:
        self._ring = ring
        self._backfills = Backfills(history)
        self._encode = encode
        self._end = end
        self._overlap_ms = overlap_ms

    async def start(self, cursor: Cursor | None, wanted: Filter) -> Start:
        """The start of a subscription from a cursor on, or from now (None).

        Raises:
            StoreUnavailable: the missed events cannot be read now.

        """
        position, head = self._end()
        if cursor is None:
            return Start(position, head)
        held = self._ring.resumes_at(str(cursor), self._overlap_ms)
        if held is not None:
            return Start(held, str(cursor))
        missed, began = await self._backfills.since(cursor, position)
        if missed is None:
            position, head = self._end()
            return Start(position, head, [signal("reset", head, {"cursor": head})])
        # Not on the event loop: encoding thousands of events takes a while.
        backfill = await asyncio.to_thread(self._encode, missed, wanted)
        return Start(began, str(cursor), backfill=backfill)
