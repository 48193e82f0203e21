"""The views of a broker: one a filter, as long as it has subscribers; publishers ring for them.

Views live on the event loop's thread; `ring` may be called from any, and however often it was
called, the loop advances the views once.
"""

import asyncio
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame
from app.broker.ring import Ring

CHUNK_BYTES = 64 * 1024  # most that is handed over in one write, but for a single larger frame
_CACHED_CHUNKS = 16


class FrameEvicted(Exception):
    """A frame that a subscriber wants has fallen out of the ring."""


class View:
    """The positions that a filter admits, the chunks made of them, and who waits for more."""

    def __init__(self, ring: Ring, wanted: Filter, start: int) -> None:
        self._ring = ring
        self._filter = wanted
        self._first = start
        self._next = start
        self._lost = -1  # the newest position that fell out of the ring unsent to late comers
        self._admitted: list[int] = []
        self._chunks: OrderedDict[int, tuple[bytes, int]] = OrderedDict()
        self._more = asyncio.Event()
        self.subscribers = 0

    def reach_back(self, position: int) -> None:
        """Cover positions from `position` on, for a subscriber that resumes there."""
        if position < self._first:
            self._admitted[:0] = self._evaluate(position, self._first)
            self._first = position

    def advance(self) -> bool:
        """Evaluate what is new; True where a waiting subscriber has something to learn."""
        end, lost = self._ring.end, self._lost
        new = self._evaluate(self._next, end)
        self._next = end
        self._admitted += new
        fallen = bisect_left(self._admitted, self._ring.start)
        if fallen:
            self._lost = max(self._lost, self._admitted[fallen - 1])
            del self._admitted[:fallen]
        return bool(new) or self._lost > lost

    def lost(self, position: int) -> bool:
        """Whether a frame that a subscriber at `position` wanted has fallen out of the ring."""
        if position <= self._lost:
            return True
        index = bisect_left(self._admitted, position)
        return index < len(self._admitted) and self._admitted[index] < self._ring.start

    @property
    def head(self) -> int:
        """The position up to which everything was evaluated."""
        return self._next

    def wake(self) -> None:
        """Let every waiting subscriber look."""
        self._more.set()
        self._more = asyncio.Event()

    async def wait(self, position: int) -> None:
        """Return when something may be there for a subscriber at `position`."""
        more = self._more
        if self._next <= position:
            await more.wait()

    def chunk(self, position: int) -> tuple[bytes, int]:
        """Bytes of the admitted frames from `position` on, at most 64 KB, and where to go on.

        The bytes are empty where nothing from there on is admitted.

        Raises:
            FrameEvicted: an admitted frame is not in the ring any more.

        """
        if self.lost(position):
            raise FrameEvicted
        made = self._chunks.get(position)
        if made is None:
            made = self._make(position)
            if made[0]:
                self._chunks[position] = made
                if len(self._chunks) > _CACHED_CHUNKS:
                    self._chunks.popitem(last=False)
        return made

    def frames_from(self, position: int) -> Iterator[tuple[int, Frame]]:
        """Admitted frames from `position` on, with their places.

        Raises:
            FrameEvicted: one is not in the ring any more. (Other threads turn the ring over at any
                moment, so this is found out frame by frame.)

        """
        if self.lost(position):
            raise FrameEvicted
        for index in range(bisect_left(self._admitted, position), len(self._admitted)):
            place = self._admitted[index]
            frame = self._ring.get(place)
            if frame is None:
                raise FrameEvicted
            yield place, frame

    def _make(self, position: int) -> tuple[bytes, int]:
        parts: list[bytes] = []
        size = 0
        for place, frame in self.frames_from(position):
            if parts and size + len(frame.data) > CHUNK_BYTES:
                return b"".join(parts), place
            parts.append(frame.data)
            size += len(frame.data)
        return b"".join(parts), self._next

    def _evaluate(self, start: int, end: int) -> list[int]:
        """Admitted places; what fell out before it could be looked at counts as lost."""
        oldest = self._ring.start
        if start < oldest:
            self._lost = max(self._lost, oldest - 1)
            start = oldest
        if self._filter == EVERYTHING:
            return list(range(start, end))
        admitted = []
        for place in range(start, end):
            frame = self._ring.get(place)
            if frame is None:
                self._lost = max(self._lost, place)
            elif self._filter.admits(frame.topic):
                admitted.append(place)
        return admitted


class Views:
    """A ring's views, by filter."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._views: dict[Filter, View] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Advance on this event loop until the block ends."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    @contextmanager
    def joined(self, wanted: Filter) -> Iterator[View]:
        """The view of a filter, for one more subscriber."""
        view = self._views.get(wanted)
        if view is None:
            view = self._views[wanted] = View(self._ring, wanted, self._ring.end)
        view.subscribers += 1
        try:
            yield view
        finally:
            view.subscribers -= 1
            if not view.subscribers:
                del self._views[wanted]

    def tell(self) -> None:
        """The ring holds something new; callable from any thread."""
        with self._lock:
            loop, pending = self._loop, self._told
            self._told = loop is not None
        if loop is not None and not pending:
            with suppress(RuntimeError):  # the loop has closed: nobody is listening any more
                loop.call_soon_threadsafe(self._advance)

    def wake(self) -> None:
        """Let every waiting subscriber look."""
        for view in self._views.values():
            view.wake()

    def _advance(self) -> None:
        """Once for all that was told since the last time."""
        with self._lock:
            self._told = False
        for view in self._views.values():
            if view.advance():
                view.wake()
