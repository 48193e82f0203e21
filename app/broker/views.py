"""A view holds the ring positions that one filter admits; it exists while it has subscribers.

Views live on the event loop's thread. `notify` may be called from any thread; several calls
before the loop runs advance the views once.
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

CHUNK_BYTES = 64 * 1024  # maximum size of one write, except for a single larger frame
_CACHED_CHUNKS = 16


class FrameEvicted(Exception):
    """A frame that a subscriber needs has been evicted from the ring."""


class View:
    """The positions that a filter admits, cached chunks of them, and an event to wait for more."""

    def __init__(self, ring: Ring, wanted: Filter, start: int) -> None:
        self._ring = ring
        self._filter = wanted
        self._first = start
        self._next = start
        self._lost = -1  # the newest evicted position that a subscriber may have needed
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
        """Evaluate new frames; returns True if waiting subscribers must wake up."""
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
        """Whether a frame that a subscriber at `position` needs has been evicted."""
        if position <= self._lost:
            return True
        index = bisect_left(self._admitted, position)
        return index < len(self._admitted) and self._admitted[index] < self._ring.start

    @property
    def head(self) -> int:
        """The position up to which frames have been evaluated."""
        return self._next

    def wake(self) -> None:
        """Wake every waiting subscriber."""
        self._more.set()
        self._more = asyncio.Event()

    async def wait(self, position: int) -> None:
        """Wait until there may be something for a subscriber at `position`."""
        more = self._more
        if self._next <= position:
            await more.wait()

    def chunk(self, position: int) -> tuple[bytes, int]:
        """Bytes of the admitted frames from `position` on, at most 64 KB, and the next position.

        The bytes are empty if no frame from there on is admitted.

        Raises:
            FrameEvicted: an admitted frame is no longer in the ring.

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
        """Admitted frames from `position` on, with their positions.

        Raises:
            FrameEvicted: a frame is no longer in the ring. (Other threads may evict frames at any
                moment, so each frame is checked.)

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
        """The admitted positions; a frame evicted before it was evaluated counts as lost."""
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
        self._scheduled = False

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

    def notify(self) -> None:
        """Advance the views soon, because the ring has new frames; callable from any thread."""
        with self._lock:
            loop, pending = self._loop, self._scheduled
            self._scheduled = loop is not None
        if loop is not None and not pending:
            with suppress(RuntimeError):  # the loop has closed, so there are no subscribers
                loop.call_soon_threadsafe(self._advance)

    def wake(self) -> None:
        """Wake every waiting subscriber."""
        for view in self._views.values():
            view.wake()

    def _advance(self) -> None:
        """Advance every view once, however often `notify` was called."""
        with self._lock:
            self._scheduled = False
        for view in self._views.values():
            if view.advance():
                view.wake()
