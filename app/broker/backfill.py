"""Clients that reconnect at the same time share one read of `Feed`; two reads run at a time."""

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

MAX_EVENTS = 5_000  # a client that missed more is sent a `reset`
_AT_ONCE = 2

Missed = Sequence[Arrived] | None


class History(Protocol):
    """The part of the timeline that the broker reads."""

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        """The newest `count` arrivals, oldest first, and places of `before` more, newest first."""

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = ...
    ) -> Iterator[Arrived]:
        """Arrivals from `since_ms` on for which `lacks` is true, newest first."""

    def backfill(self, cursor: Cursor, limit: int) -> Sequence[Arrived] | None:
        """Events from 10 s before the cursor, oldest first; None if there are over `limit`."""


class Backfills:
    """Reads what clients missed."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._running: dict[int, tuple[asyncio.Task[Missed], int]] = {}

    async def since(self, cursor: Cursor, end: int) -> tuple[Missed, int]:
        """Everything since some seconds before the cursor, and the ring position to go on from.

        None if there is too much. `end` is the ring's end now. A client that joins a running
        read goes on from the ring's end when that read began, because later events may be
        missing from it.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        second = cursor.ms // 1000
        if second not in self._running:
            task = asyncio.create_task(self._load(Cursor(second * 1000, "00000000", 0)))
            self._running[second] = task, end
            task.add_done_callback(lambda _: self._running.pop(second, None))
        task, began = self._running[second]
        # Shielded: a client that disconnects must not cancel the read for the others.
        return await asyncio.shield(task), began

    async def _load(self, cursor: Cursor) -> Missed:
        async with self._places:
            return await asyncio.to_thread(self._history.backfill, cursor, MAX_EVENTS)


START_EVENTS = 200  # frames that a ring starts with: as many as the Live page shows
# How many older events the ring knows by id. After a crash the worker reads the last page of
# each shard again (1,000 records), and events already sent must not be sent twice.
START_KNOWN = 4_000

MakeFrame = Callable[[Arrived], Frame | None]


@dataclass(frozen=True, slots=True)
class LoadedFrames:
    """Frames, oldest first.

    `oldest_ms` is the stamp of the oldest frame; `newest_ms` that of the newest arrival, even
    if it is hidden. `complete` is False if older frames were left out.
    """

    frames: list[Frame]
    complete: bool
    oldest_ms: int
    newest_ms: int


def begin(ring: Ring, history: History, frame: MakeFrame) -> int:
    """Fill an empty ring with the newest events; returns the newest stamp (ms), or 0 if none.

    Raises:
        StoreUnavailable: `Feed` cannot be read now.

    """
    newest, before = history.newest(START_EVENTS, START_KNOWN)
    frames = [made for made in map(frame, newest) if made]
    ring.begin(frames, [(event_id(*arrival.ref), arrival.cursor.ms) for arrival in before])
    return newest[-1][0].ms if newest else 0


def gather(
    newest_first: Iterable[Arrived],
    frame: MakeFrame,
    max_events: int,
    max_bytes: int,
) -> LoadedFrames:
    """Frames of the arrivals, up to a full ring; `frame` returns None for a hidden event."""
    frames: list[Frame] = []
    size = oldest_ms = newest_ms = 0
    complete = True
    for arrival in newest_first:
        newest_ms = max(newest_ms, arrival[0].ms)
        made = frame(arrival)
        if made is None:
            continue
        size += len(made.data)
        if frames and (len(frames) == max_events or size > max_bytes):
            complete = False
            break
        frames.append(made)
        oldest_ms = arrival[0].ms
    return LoadedFrames(frames[::-1], complete, oldest_ms, newest_ms)
