"""The ring holds the newest frames, bounded by count and bytes; an event key is in it once.

Positions count up for ever and are never used again. One writer at a time (the broker's
lock); readers need none: a frame is either there, whole, or gone.
"""

from app.broker.frames import Frame

MAX_EVENTS = 10_000
MAX_BYTES = 64 * 1024 * 1024


class Ring:
    """Frames by position, from `start` (oldest) up to `end` (the next to come)."""

    def __init__(self, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._frames: dict[int, Frame] = {}
        self._by_cursor: dict[str, int] = {}
        self._by_event: dict[str, int] = {}
        self._aliases: dict[int, list[str]] = {}
        self._bytes = 0
        self.start = 0
        self.end = 0

    def append(self, frame: Frame) -> bool:
        """Take a frame at the end; False where its event is here already.

        The cursor of such a duplicate becomes another name for the place of the first.
        """
        known = self._by_event.get(frame.event_id)
        if known is not None:
            if frame.cursor not in self._by_cursor:
                self._by_cursor[frame.cursor] = known
                self._aliases.setdefault(known, []).append(frame.cursor)
            return False
        self._frames[self.end] = frame
        self._by_cursor[frame.cursor] = self.end
        self._by_event[frame.event_id] = self.end
        self._bytes += len(frame.data)
        self.end += 1
        while self.end - self.start > self._max_events or (
            self._bytes > self._max_bytes and self.end - self.start > 1
        ):
            self._evict()
        return True

    def get(self, position: int) -> Frame | None:
        """The frame at a position; None where it fell out or is yet to come."""
        return self._frames.get(position)

    def position_of(self, cursor: str) -> int | None:
        """Where the event of this cursor is; None where the ring does not hold it."""
        return self._by_cursor.get(cursor)

    def cursor_before(self, position: int) -> str | None:
        """The cursor of the frame that ends at `position`; None where it is not held."""
        frame = self._frames.get(position - 1)
        return None if frame is None else frame.cursor

    def _evict(self) -> None:
        frame = self._frames.pop(self.start)
        del self._by_event[frame.event_id]
        for cursor in (frame.cursor, *self._aliases.pop(self.start, ())):
            del self._by_cursor[cursor]
        self._bytes -= len(frame.data)
        self.start += 1
