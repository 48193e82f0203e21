"""A client that comes back misses nothing that was shown live: the ring or `Feed` has it.

Where several processes write (ADR 0006), a client is sent everything from 10 s before its cursor,
and drops the events that it has. One that missed too much is sent a `reset`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.broker.backfill import Backfills, History, MakeFrame, Portion
from app.broker.frames import signal
from app.broker.ring import Ring
from app.store.feed.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Start:
    """Where a subscription begins in the ring, at which cursor, and what it is sent before.

    `missed`: the first portion of the missed events; the subscription asks for the others.
    """

    position: int
    cursor: str
    signals: Sequence[bytes] = ()
    missed: Portion | None = None


class Resumption:
    """Finds where a client's cursor is.

    `end` returns the ring's end and the cursor there. `overlap_ms` is how far before its cursor a
    client resumes in the ring. `more` returns the portion of missed events after another one.
    """

    def __init__(
        self,
        ring: Ring,
        history: History,
        frame: MakeFrame,
        end: Callable[[], tuple[int, str]],
        overlap_ms: int,
    ) -> None:
        self._ring = ring
        self._backfills = Backfills(history, ring, frame)
        self.more = self._backfills.after
        self._end = end
        self._overlap_ms = overlap_ms

    async def start(self, cursor: Cursor | None, account: str | None) -> Start:
        """The start of an account's subscription from a cursor on, or from now (None).

        Raises:
            StoreUnavailable: the missed events cannot be read now.

        """
        position, head = self._end()
        if cursor is None:
            return Start(position, head)
        held = self._ring.resumes_at(str(cursor), self._overlap_ms)
        if held is not None:
            return Start(held, str(cursor))
        missed = await self._backfills.first(cursor, account)
        if missed is None:
            position, head = self._end()
            return Start(position, head, [signal("reset", head, {"cursor": head})])
        return Start(missed.began, str(cursor), missed=missed)
