"""Clients that come back at once share one read of `Feed`, and few reads run at a time."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.broker.frames import Frame
from app.broker.ring import Ring
from app.core.events import event_id
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


START_EVENTS = 200  # frames that a ring begins with: as many as the Live page shows
# Of so many events before those the ids are read. After a crash the worker reads the last page
# of each shard again (1,000 records), and what was sent before must not be sent twice.
START_KNOWN = 4_000

Made = Callable[[Arrived], Frame | None]


@dataclass(frozen=True, slots=True)
class LoadedFrames:
    """Frames, oldest first.

    `oldest_ms` is the stamp of the oldest; `newest_ms` that of the newest arrival, shown or
    not. Not `whole`: there were more, older ones.
    """

    frames: list[Frame]
    whole: bool
    oldest_ms: int
    newest_ms: int


def begin(ring: Ring, history: History, frame: Made) -> int:
    """Fill an empty ring with the newest events; the newest stamp (ms), 0 where there is none.

    Raises:
        StoreUnavailable: `Feed` cannot be read now.

    """
    newest, before = history.newest(START_EVENTS, START_KNOWN)
    frames = [made for made in map(frame, newest) if made]
    ring.begin(frames, [(event_id(*arrival.ref), arrival.cursor.ms) for arrival in before])
    return newest[-1][0].ms if newest else 0


def gather(
    newest_first: Iterable[Arrived],
    frame: Made,
    max_events: int,
    max_bytes: int,
) -> LoadedFrames:
    """Frames of the arrivals until they would fill a ring; `frame` gives None for a hidden one."""
    frames: list[Frame] = []
    size = oldest_ms = newest_ms = 0
    whole = True
    for arrival in newest_first:
        newest_ms = max(newest_ms, arrival[0].ms)
        made = frame(arrival)
        if made is None:
            continue
        size += len(made.data)
        if frames and (len(frames) == max_events or size > max_bytes):
            whole = False
            break
        frames.append(made)
        oldest_ms = arrival[0].ms
    return LoadedFrames(frames[::-1], whole, oldest_ms, newest_ms)
