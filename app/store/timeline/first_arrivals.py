"""An event that arrived again after a crash has its place in the timeline where it first arrived.

After a crash, the worker reads up to 1,000 records of each shard again. So an event that arrives
late may be such a repeat, and its first arrival is then not far before. No I/O.
"""

from collections import deque
from collections.abc import Iterator
from typing import Self

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Arrival, EventRef

LATE_MS = 1_500  # from the change to its arrival
LOOKED_BACK = 1_000  # arrivals before a late one in which its first is looked for
_CLOCKS_MS = (
    10_000  # by which clocks may differ: an event does not arrive earlier before its change
)


class NewestFirst(Iterator[Arrival]):
    """Arrivals, newest first, that can be asked whether an event has arrived before."""

    def __init__(self, arrivals: Iterator[Arrival]) -> None:
        self._arrivals = arrivals
        self._ahead: deque[Arrival] = deque()
        self._first: dict[EventRef, Cursor] = {}

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Arrival:
        if not self._ahead and not self._read():
            raise StopIteration
        return self._ahead.popleft()

    def arrived_before(self, arrival: Arrival, event: ChangeEvent | None = None) -> bool:
        """Whether an earlier arrival of this one's event is known; looked for if `event` is late.

        Gaps and `reconciled` entries are written only if absent, so they arrive once.
        """
        if event is not None and event.kind not in {"gap", "reconciled"}:
            occurred_ms = int(event.occurred_at.timestamp() * 1000)
            if arrival.cursor.ms - occurred_ms > LATE_MS:
                self._look_back(occurred_ms - _CLOCKS_MS)
        return self._first[arrival.ref] < arrival.cursor

    def _look_back(self, ms: int) -> None:
        while len(self._ahead) < LOOKED_BACK and not (
            self._ahead and self._ahead[-1].cursor.ms < ms
        ):
            if not self._read():
                return

    def _read(self) -> bool:
        arrival = next(self._arrivals, None)
        if arrival is None:
            return False
        self._ahead.append(arrival)
        self._first[arrival.ref] = arrival.cursor
        return True
