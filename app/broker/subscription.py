"""A subscriber is a position in the ring, not a queue: one wake-up sends everything new.

It yields bytes ready for the socket. While the socket does not drain, nothing is buffered for
it. A subscription whose position is evicted from the ring ends; its client resumes by cursor.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from app.broker.frames import Frame
from app.broker.ring import Ring
from app.broker.views import CHUNK_BYTES, FrameEvicted, View
from app.core.errors import StockpulseError


class TooManyStreams(StockpulseError):
    """The process already serves its maximum number of live streams."""

    status = 503
    code = "too-many-streams"
    title = "Too many live streams"


@dataclass(slots=True)
class Pulse:
    """Shared by all subscribers: the number of heartbeats so far, and whether the broker closes."""

    beats: int = 0
    closing: bool = False


@dataclass(slots=True)
class Subscription:
    """One live client."""

    ring: Ring
    view: View
    pulse: Pulse
    position: int
    opening: list[bytes]
    backfill: Sequence[Frame]
    heartbeat: Callable[[str], bytes]
    fell_out: Callable[[], None]
    cursor: str
    max_beats: int
    sent: set[str] = field(default_factory=set)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes to send, in order, until the subscription ends."""
        yield b"".join(self.opening)
        for chunk in _joined(self.backfill):
            yield chunk
        self.sent = {frame.event_id for frame in self.backfill}
        self.backfill = ()
        first_beat = beat = self.pulse.beats
        while not self.pulse.closing and self.pulse.beats - first_beat < self.max_beats:
            try:
                data = self._next()
            except FrameEvicted:
                self.fell_out()
                return
            if data:
                yield data
            elif self.pulse.beats != beat:
                beat = self.pulse.beats
                self._forget_sent(beat - first_beat)
                yield self.heartbeat(self.cursor)
            else:
                await self.view.wait(self.position)

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
        """Forget the backfill's ids after five heartbeats, when a duplicate is unlikely."""
        if beats > 4:
            self.sent = set()


def _joined(frames: Sequence[Frame]) -> list[bytes]:
    chunks: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    for frame in frames:
        if parts and size + len(frame.data) > CHUNK_BYTES:
            chunks.append(b"".join(parts))
            parts, size = [], 0
        parts.append(frame.data)
        size += len(frame.data)
    return [*chunks, b"".join(parts)] if parts else chunks
