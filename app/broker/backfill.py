"""What clients missed is read from `Feed` in portions, shared among clients and fair to each.

Clients that reconnect at the same time walk through the same portions, and the newest portions are
kept for them. Two portions are read at a time, for one account after another, so nobody waits for
another client's whole backfill, and no backfill is in memory as a whole.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.broker.frames import Frame
from app.broker.ring import Ring
from app.core.events import event_id
from app.runtime.fair_turns import FairTurns
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Arrival, EventRef

MAX_EVENTS = 5_000  # a client that missed more is sent a `reset`
PORTION = 250  # events, at most
_AT_ONCE = 2
_KEPT = 16  # portions

MakeFrame = Callable[[Arrived], Frame | None]


class History(Protocol):
    """The part of the timeline that the broker reads; large images are left out."""

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        """The newest `count` arrivals, oldest first, and places of `before` more, newest first."""

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = ...
    ) -> Iterator[Arrived]:
        """Arrivals from `since_ms` on for which `lacks` is true, newest first."""

    def resume_point(self, cursor: Cursor, most: int) -> Cursor | None:
        """The position 10 s before the cursor; None if more than `most` arrivals follow it."""

    def following(self, point: Cursor, limit: int) -> tuple[list[Arrived], Cursor | None]:
        """Some arrivals after a position, oldest first, and where to continue (None: the end)."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Missed events, oldest first; an event can be in two portions, or twice in one.

    `rest`: the position of the next portion; None at the end. `began`: the ring's end before the
    portion was read. Events that were published later may be missing from it.
    """

    frames: Sequence[Frame]
    rest: Cursor | None
    began: int


class Backfills:
    """Reads what clients missed. `frame` returns None for a hidden event."""

    def __init__(self, history: History, ring: Ring, frame: MakeFrame) -> None:
        self._history = history
        self._ring = ring
        self._frame = frame
        self._turns = FairTurns(_AT_ONCE)
        self._newest: OrderedDict[Cursor, asyncio.Task[Portion | None]] = OrderedDict()

    async def first(self, cursor: Cursor, account: str | None) -> Portion | None:
        """The first portion of everything since some seconds before the cursor.

        None if there is too much.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        second = Cursor(cursor.ms // 1000 * 1000, "00000000", 0)
        return await self._shared(second, account, self._read_first)

    async def after(self, portion: Portion, account: str | None) -> Portion | None:
        """The next portion; None if this was the last.

        Raises:
            StoreUnavailable: `Feed` cannot be read now.

        """
        if portion.rest is None:
            return None
        return await self._shared(portion.rest, account, self._read)

    async def _shared(
        self, point: Cursor, account: str | None, read: Callable[[Cursor], Portion | None]
    ) -> Portion | None:
        """The portion at this point, which another client may have read or be reading."""
        if not self._has(point):
            await self._turns.take(account)
            if self._has(point):  # another client began while this one waited
                self._turns.give_back()
            else:
                self._begin(point, asyncio.create_task(asyncio.to_thread(read, point)))
        # Shielded: a client that disconnects must not cancel the read for the others.
        return await asyncio.shield(self._newest[point])

    def _has(self, point: Cursor) -> bool:
        """Whether this portion is being read, or was read while the ring held what follows it."""
        task = self._newest.get(point)
        if task is None or not task.done():
            return task is not None
        if task.cancelled() or task.exception():
            return False
        portion = task.result()
        return portion is not None and portion.began >= self._ring.start

    def _begin(self, point: Cursor, task: "asyncio.Task[Portion | None]") -> None:
        task.add_done_callback(lambda _: self._turns.give_back())
        self._newest[point] = task
        self._newest.move_to_end(point)
        if len(self._newest) > _KEPT:
            self._newest.popitem(last=False)

    def _read_first(self, cursor: Cursor) -> Portion | None:
        point = self._history.resume_point(cursor, MAX_EVENTS)
        return None if point is None else self._read(point)

    def _read(self, point: Cursor) -> Portion:
        began = self._ring.end
        arrived, rest = self._history.following(point, PORTION)
        return Portion([made for made in map(self._frame, arrived) if made], rest, began)


START_EVENTS = 200  # frames that a ring starts with: as many as the Live page shows
# How many older events the ring knows by id. After a crash the worker reads the last page of
# each shard again (1,000 records), and events already sent must not be sent twice.
START_KNOWN = 4_000


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
