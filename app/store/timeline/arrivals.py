"""The arrivals between two places of the timeline, read as they are taken."""

from collections import deque
from collections.abc import Callable, Sequence

from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import Arrival, FeedRow

_ROWS = 250  # rows of the feed per read


class Arrivals:
    """Arrivals after a cursor and before a time, in order; rows are read on demand."""

    def __init__(
        self, rows_after: Callable[[Cursor, int], Sequence[FeedRow]], after: Cursor, until: int
    ) -> None:
        """`rows_after`: see `Tail.rows_after`. `until`: ms since 1970; no row before is to come."""
        self._rows_after = rows_after
        self._after = after
        self._until = until
        self._row = before(after.ms)  # the row of `after` may have more events
        self._waiting: deque[Arrival] = deque()
        self._ended = False

    def peek(self) -> Arrival | None:
        """The next arrival; None at the end.

        Raises:
            StoreUnavailable: the feed cannot be read now.

        """
        while not self._waiting and not self._ended:
            self._read()
        return self._waiting[0] if self._waiting else None

    def take(self, most: int, edge: int) -> list[Arrival]:
        """The next arrivals before a time (ms since 1970), up to `most`; raises as `peek`."""
        some: list[Arrival] = []
        while len(some) < most and (one := self.peek()) is not None and one.cursor.ms < edge:
            some.append(self._waiting.popleft())
        return some

    def skip_to(self, cursor: Cursor) -> None:
        """Go on after this cursor; raises as `peek`."""
        self._after = max(self._after, cursor)
        while (one := self.peek()) is not None and one.cursor <= cursor:
            self._waiting.popleft()

    def _read(self) -> None:
        rows = self._rows_after(self._row, _ROWS)
        own = [row for row in rows if row.cursor.ms < self._until]
        for row in own:
            self._waiting += (one for one in row.arrivals() if one.cursor > self._after)
        self._ended = len(own) < len(rows) or not rows
        self._row = rows[-1].cursor if rows else self._row
