"""The ring holds the newest frames, bounded by count and bytes; an event key is in it once.

Positions count up for ever and are never used again. One writer at a time (the broker's
lock); readers need none: a frame is either there, whole, or gone.

After a restart it begins with few frames. Of the events before them it knows the ids, so that
an event which the worker reads again after a crash is not sent a second time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from app.broker.frames import Frame

MAX_EVENTS = 10_000
MAX_BYTES = 64 * 1024 * 1024


class Ring:
    """Frames by position, from `start` (oldest) up to `end` (the next to come).

    Events that arrived with stamps up to `floor_ms` may have been here and fallen out, or
    never have been here.
    """

    def __init__(
        self,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        *,
        again: bool = False,
    ) -> None:
        """`again`: a duplicate with a newer stamp is shown again (ADR 0006)."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._again = again
        self._frames: dict[int, Frame] = {}
        self._by_cursor: dict[str, int] = {}
        self._by_event: dict[str, int] = {}
        self._aliases: dict[int, list[str]] = {}
        self._stamps: dict[int, int] = {}  # by position: the greatest stamp up to there
        self._older: dict[str, int] = {}  # stamps of known events without a frame, oldest first
        self._bytes = 0
        self.floor_ms = -1
        self.start = 0
        self.end = 0

    def begin(self, frames: Sequence[Frame], older: Iterable[tuple[str, int]]) -> None:
        """Fill an empty ring with the newest frames.

        `older`: id and stamp (ms) of events before them, newest first.
        """
        self._older = dict(reversed(list(older)))
        self.floor_ms = max(self._older.values(), default=-1)
        for frame in frames:
            self.append(frame)

    def append(self, frame: Frame) -> bool:
        """Take a frame at the end; False where its event is known already.

        The cursor of a duplicate of a held frame becomes another name for the first's place.
        """
        older_ms = self._older.get(frame.event_id)
        if older_ms is not None and not (self._again and _ms(frame.cursor) > older_ms):
            return False
        known = self._by_event.get(frame.event_id)
        if known is not None and not self._shown_again(known, frame):
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
        """Begin anew with these frames (there must be some), of which older ones were left out.

        Whoever was at the end before has missed something: that place is gone.
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
        """Whether the event is here, or is known to be older than the ring."""
        return event_id in self._by_event or event_id in self._older

    def held(self) -> frozenset[str]:
        """The events that `holds` knows now. Callers keep the writer out meanwhile."""
        return frozenset(self._by_event) | self._older.keys()

    def first_since(self, ms: int) -> int | None:
        """The first position that may hold an event stamped at or after `ms`.

        None where such an event may have fallen out.
        """
        if ms <= self.floor_ms:
            return None
        places = range(self.start, self.end)
        return self.start + bisect_left(
            places, ms, key=lambda position: self._stamps.get(position, -1)
        )

    def get(self, position: int) -> Frame | None:
        """The frame at a position; None where it fell out or is yet to come."""
        return self._frames.get(position)

    def newest(self) -> tuple[str | None, Iterator[Frame]]:
        """The cursor at the end and the frames up to there, newest first."""
        end, cursor = self.last()
        held = (self._frames.get(position) for position in range(end - 1, -1, -1))
        return cursor, (frame for frame in takewhile(bool, held) if frame)

    def position_of(self, cursor: str) -> int | None:
        """Where the event of this cursor is; None where the ring does not hold it."""
        return self._by_cursor.get(cursor)

    def cursor_before(self, position: int) -> str | None:
        """The cursor of the frame that ends at `position`; None where it is not held."""
        frame = self._frames.get(position - 1)
        return None if frame is None else frame.cursor

    def last(self) -> tuple[int, str | None]:
        """The end and the cursor that stands there, of one moment; none where nothing came yet."""
        while True:
            position = self.end
            cursor = self.cursor_before(position)
            if cursor is not None or position == 0:
                return position, cursor
            # It was evicted between the two looks, by a ring's worth of events: look again.

    def resumes_at(self, cursor: str, overlap_ms: int) -> int | None:
        """Where a client with this cursor goes on; None where only `Feed` knows."""
        held = self.position_of(cursor)
        if held is None or not overlap_ms:
            return held if held is None else held + 1
        since = self.first_since(_ms(cursor) - overlap_ms)
        return since if since is None else min(since, held + 1)

    def _shown_again(self, known: int, frame: Frame) -> bool:
        return self._again and _ms(frame.cursor) > _ms(self._frames[known].cursor)

    def _evict(self) -> None:
        frame = self._frames.pop(self.start)
        if self._by_event[frame.event_id] == self.start:  # not shown again since
            del self._by_event[frame.event_id]
        for cursor in (frame.cursor, *self._aliases.pop(self.start, ())):
            del self._by_cursor[cursor]
        self.floor_ms = max(self.floor_ms, _ms(frame.cursor))
        del self._stamps[self.start]
        self._bytes -= len(frame.data)
        self.start += 1


def _ms(cursor: str) -> int:
    return int(cursor[:13])
