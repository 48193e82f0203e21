"""A subscriber is a position in the ring, not a queue: one wake-up sends everything new.

It yields bytes ready for the socket. While the socket does not drain, nothing is buffered for
it. A subscription whose position is evicted from the ring ends; its client resumes by cursor.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.broker.backfill import Portion
from app.broker.filters import Filter
from app.broker.frames import Frame
from app.broker.ring import Ring
from app.broker.views import CHUNK_BYTES, FrameEvicted, View
from app.core.errors import StockpulseError

REMEMBERED = 20  # heartbeats


class TooManyStreams(StockpulseError):
    """The process already serves its maximum number of live streams."""

    status = 503
    code = "too-many-streams"
    title = "Too many live streams"


class StreamLimit:
    """How many live streams the process serves now, and at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0

    def check(self) -> None:
        """Refuse another stream if there are as many as may be.

        Raises:
            TooManyStreams: the limit is reached.

        """
        if self.open >= self._most:
            raise TooManyStreams(
                f"This server already has {self.open} live streams open, which is its limit. Try "
                "again later.",
                headers={"Retry-After": "10"},
            )

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream that is open during the block."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


@dataclass(slots=True)
class Pulse:
    """Shared by all subscribers: the number of heartbeats so far, and whether the broker closes.

    `added_at` is when the newest change was added to the ring, by the monotonic clock. `sent` is
    how many seconds later the last subscriber so far had been sent it; None if none was. One that
    came later does not count: what it missed was not under way to it.
    """

    beats: int = 0
    closing: bool = False
    added_at: float = 0.0
    sent: float | None = None
    _sent_of: float = 0.0

    def note_sent(self, now: float, since: float) -> None:
        """A subscriber, live since then, was sent everything up to the newest change."""
        added_at = self.added_at  # another thread writes it
        if added_at < since:
            return
        if added_at != self._sent_of:
            self._sent_of, self.sent = added_at, 0.0
        self.sent = max(self.sent or 0.0, now - added_at)


@dataclass(slots=True)
class Subscription:
    """One live client.

    `missed` is the first portion of the events that it missed, and `more` returns the next one.
    """

    ring: Ring
    view: View
    wanted: Filter
    pulse: Pulse
    position: int
    opening: list[bytes]
    missed: Portion | None
    more: Callable[[Portion], Awaitable[Portion | None]]
    heartbeat: Callable[[str], bytes]
    fell_out: Callable[[], None]
    cursor: str
    max_beats: int
    sent: set[str] = field(default_factory=set)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes to send, in order, until the subscription ends.

        Raises:
            StoreUnavailable: the missed events cannot be read now.

        """
        yield b"".join(self.opening)
        while self.missed is not None and not self.pulse.closing:
            for chunk in _joined(self._unsent_of(self.missed)):
                yield chunk
            self.position = min(self.position, self.missed.began)
            self.missed = await self.more(self.missed)
        self.view.reach_back(self.position)
        first_beat = beat = self.pulse.beats
        since = time.monotonic()
        while not self.pulse.closing and self.pulse.beats - first_beat < self.max_beats:
            try:
                data = self._next()
            except FrameEvicted:
                self.fell_out()
                return
            if data:
                yield data
                if self.position >= self.ring.end:
                    self.pulse.note_sent(time.monotonic(), since)
            elif self.pulse.beats != beat:
                beat = self.pulse.beats
                self._forget_sent(beat - first_beat)
                yield self.heartbeat(self.cursor)
            else:
                await self.view.wait(self.position)

    def _unsent_of(self, portion: Portion) -> Iterator[Frame]:
        """The portion's wanted frames, each event once."""
        for frame in portion.frames:
            if frame.event_id not in self.sent and self.wanted.admits(frame.topic):
                self.sent.add(frame.event_id)
                yield frame

    def _next(self) -> bytes:
        if self.sent:
            return self._unsent()
        data, self.position = self.view.chunk(self.position)
        self._moved()
        return data

    def _unsent(self) -> bytes:
        """The next chunk without the events that the backfill sent."""
        parts: list[bytes] = []
        size = 0
        for place, frame in self.view.frames_from(self.position):
            if frame.event_id in self.sent:
                continue
            if parts and size + len(frame.data) > CHUNK_BYTES:
                self.position = place
                break
            parts.append(frame.data)
            size += len(frame.data)
        else:
            self.position = self.view.head
        self._moved()
        return b"".join(parts)

    def _moved(self) -> None:
        self.cursor = self.ring.cursor_before(self.position) or self.cursor

    def _forget_sent(self, beats: int) -> None:
        """Forget the backfill's ids after a minute, when a duplicate is unlikely."""
        if beats > REMEMBERED:
            self.sent = set()


def _joined(frames: Iterable[Frame]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for frame in frames:
        if parts and size + len(frame.data) > CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(frame.data)
        size += len(frame.data)
    if parts:
        yield b"".join(parts)
