"""The ring holds the newest frames, bounded by count and bytes; each event key is in it once.

Positions only grow and are never reused. One thread writes at a time (the broker's lock).
Readers need no lock: a frame is either there as a whole, or gone.

After a restart the ring starts with few frames. It knows the ids of the events before them, so
that an event that the worker reads again after a crash is not sent a second time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from app.broker.frames import Frame

MAX_EVENTS = 10_000
MAX_BYTES = 64 * 1024 * 1024


class Ring:
    """Frames by position, from `start` (the oldest) up to `end` (the next one).

    Events with stamps up to `floor_ms` may have been evicted, or never have been in the ring.
    """

    def __init__(
        self,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        *,
        resend: bool = False,
    ) -> None:
        """`resend`: a duplicate with a newer stamp is sent again (ADR 0006)."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._resend = resend
        self._frames: dict[int, Frame] = {}
        self._by_cursor: dict[str, int] = {}
        self._by_event: dict[str, int] = {}
        self._aliases: dict[int, list[str]] = {}
        self._stamps: dict[int, int] = {}  # position -> the greatest stamp up to there
        self._older: dict[str, int] = {}  # event id -> stamp, without a frame, oldest first
        self._bytes = 0
        self.floor_ms = -1
        self.start = 0
        self.end = 0

    def begin(self, frames: Sequence[Frame], older: Iterable[tuple[str, int]]) -> None:
        """Fill an empty ring with the newest frames.

        `older`: ids and stamps (ms) of the events before them, newest first.
        """
        self._older = dict(reversed(list(older)))
        self.floor_ms = max(self._older.values(), default=-1)
        for frame in frames:
            self.append(frame)

    def append(self, frame: Frame) -> bool:
        """Add a frame at the end; returns False if its event is already known.

        If the event's first frame is still in the ring, the duplicate's cursor becomes an alias
        of that frame's position.
        """
        older_ms = self._older.get(frame.event_id)
        if older_ms is not None and not (self._resend and _ms(frame.cursor) > older_ms):
            return False
        known = self._by_event.get(frame.event_id)
        if known is not None and not self._sent_again(known, frame):
            if frame.cursor not in self._by_cursor:
                self._by_cursor[frame.cursor] = known
                self._aliases.setdefault(known, []).append(frame.cursor)
            return False
        self._frames[self.end] = frame
        self._by_cursor[frame.cursor] = self.end
        self._stamps[self.end] = max(_ms(frame.cursor), self._stamps.get(self.end - 1, 0))
        self._by_event[frame.event_id] = self.end
        self._bytes += len(frame.data)
        self.end += 1
        while self.end - self.start > self._max_events or (
            self._bytes > self._max_bytes and self.end - self.start > 1
        ):
            self._evict()
        while self._older and len(self._older) + self.end - self.start > self._max_events:
            del self._older[next(iter(self._older))]
        return True

    def reload(self, frames: Sequence[Frame], floor_ms: int) -> None:
        """Replace the content with these frames (at least one); older frames were left out.

        A subscriber at the old end has missed events, so that position becomes invalid.
        """
        while self.start < self.end:
            self._evict()
        self._older = {}
        self.end += 1
        self.start = self.end
        for frame in frames:
            self.append(frame)
        self.floor_ms = max(self.floor_ms, floor_ms)

    def holds(self, event_id: str) -> bool:
        """Whether the event is in the ring, or is known to be older than it."""
        return event_id in self._by_event or event_id in self._older

    def held(self) -> frozenset[str]:
        """The ids for which `holds` is true now. The caller holds the writer's lock."""
        return frozenset(self._by_event) | self._older.keys()

    def first_since(self, ms: int) -> int | None:
        """The first position that may hold an event stamped at or after `ms`.

        None if such an event may have been evicted.
        """
        if ms <= self.floor_ms:
            return None
        places = range(self.start, self.end)
        return self.start + bisect_left(
            places, ms, key=lambda position: self._stamps.get(position, -1)
        )

    def get(self, position: int) -> Frame | None:
        """The frame at a position; None if it was evicted or does not exist yet."""
        return self._frames.get(position)

    def newest(self) -> tuple[str | None, Iterator[Frame]]:
        """The cursor at the end and the frames up to there, newest first."""
        end, cursor = self.last()
        held = (self._frames.get(position) for position in range(end - 1, -1, -1))
        return cursor, (frame for frame in takewhile(bool, held) if frame)

    def position_of(self, cursor: str) -> int | None:
        """The position of the event with this cursor; None if it is not in the ring."""
        return self._by_cursor.get(cursor)

    def cursor_before(self, position: int) -> str | None:
        """The cursor of the frame that ends at `position`; None if it is not in the ring."""
        frame = self._frames.get(position - 1)
        return None if frame is None else frame.cursor

    def last(self) -> tuple[int, str | None]:
        """The end and the cursor there, read consistently; the cursor is None in a new ring."""
        while True:
            position = self.end
            cursor = self.cursor_before(position)
            if cursor is not None or position == 0:
                return position, cursor
            # A ring's worth of events came between the two reads, and evicted the frame.

    def resumes_at(self, cursor: str, overlap_ms: int) -> int | None:
        """The position from which a client with this cursor resumes; None if only `Feed` has it."""
        held = self.position_of(cursor)
        if held is None or not overlap_ms:
            return held if held is None else held + 1
        since = self.first_since(_ms(cursor) - overlap_ms)
        return since if since is None else min(since, held + 1)

    def _sent_again(self, known: int, frame: Frame) -> bool:
        return self._resend and _ms(frame.cursor) > _ms(self._frames[known].cursor)

    def _evict(self) -> None:
        frame = self._frames.pop(self.start)
        if self._by_event[frame.event_id] == self.start:  # not sent again since
            del self._by_event[frame.event_id]
        for cursor in (frame.cursor, *self._aliases.pop(self.start, ())):
            del self._by_cursor[cursor]
        self.floor_ms = max(self.floor_ms, _ms(frame.cursor))
        del self._stamps[self.start]
        self._bytes -= len(frame.data)
        self.start += 1


def _ms(cursor: str) -> int:
    return int(cursor[:13])
