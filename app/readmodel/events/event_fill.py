"""The fill reads the timeline backwards, newest first, from where the copy began to follow it.

The place is saved with each page. It rests after each page for as long as the page took, so that
the web process stays quick.
"""

import threading
import time
from collections.abc import Callable
from itertools import islice

from app.readmodel.database import Database, save, saved
from app.readmodel.fill import Progress
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.dynamodb.batches import READ_LIMIT
from app.store.dynamodb.paging import PageRoom, event_size
from app.store.feed.cursor import Cursor, parse_cursor
from app.store.feed.feed import Arrival, EventRef, Feed

START = "events start"  # under this name the file has the place from which it follows
_STATE, _DONE = "event fill", "done"
_LAST = 999  # the greatest number of an event in a row


class EventFill:
    """Copies the events from before the copy began to follow the timeline."""

    def __init__(
        self,
        feed: Feed,
        audit: AuditRepository,
        expected: Callable[[], int | None],
        database: Database,
        put: Callable[..., None],
    ) -> None:
        """`expected`: roughly how many events there are; `put` keeps events in a transaction."""
        self._feed = feed
        self._audit = audit
        self._expected = expected
        self._database = database
        self._put = put
        self.progress = Progress(0, None)
        self._done: object = database.made if self._saved(_STATE) == _DONE else None

    @property
    def is_done(self) -> bool:
        """Whether the file that is used now has all events."""
        return self._done is self._database.made

    def run(self, stop: threading.Event, made: object) -> None:
        """Copy page after page until the first event, until `stop` is set or the file is replaced.

        Raises:
            StoreUnavailable: a page cannot be read now; call again to continue there.
            sqlite3.Error: a page cannot be written.

        """
        state = self._saved(_STATE)
        if state == _DONE:
            self._done = made
            return
        self.progress = Progress(0 if state is None else self.progress.scanned, self._expected())
        place = parse_cursor(state) if state else parse_cursor(self._saved(START) or "").at(_LAST)
        arrivals = self._feed.before(place, few=False)
        while not stop.is_set():
            began = time.monotonic()
            some = list(islice(arrivals, READ_LIMIT))
            arrived, next_place = self._read(some)
            if not self._write(arrived, next_place, made):
                return
            self.progress = Progress(self.progress.scanned + len(arrived), self.progress.expected)
            if next_place is None:
                self._done = made
                return
            if next_place != some[-1].cursor:  # the page was cut short
                arrivals = self._feed.before(next_place, few=False)
            stop.wait(time.monotonic() - began)

    def _read(self, arrivals: list[Arrival]) -> tuple[list[Arrived], Cursor | None]:
        """The arrivals' events, and the place before them; fewer if they are large (`PageRoom`).

        An event without an entry is not there yet, and arrives again, or it has expired.
        """
        cursors: dict[EventRef, list[Cursor]] = {}
        for one in arrivals:
            cursors.setdefault(one.ref, []).append(one.cursor)
        arrived: list[Arrived] = []
        room = PageRoom(READ_LIMIT + 1)
        for event in self._audit.each(list(cursors)):
            places = cursors[event.product_id, event.event_key]
            arrived.append((places[-1], event))  # where it arrived first
            room.take(event_size(event))
            if room.full:
                return arrived, places[0]
        return arrived, arrivals[-1].cursor if arrivals else None

    def _write(self, arrived: list[Arrived], place: Cursor | None, made: object) -> bool:
        """Copy a page and save the place before it; False if the file was replaced."""
        with self._database.writing() as connection:
            if self._database.made is not made:
                return False
            self._put(connection, arrived)
            save(connection, _STATE, _DONE if place is None else str(place))
        return True

    def _saved(self, name: str) -> str | None:
        with self._database.reading() as connection:
            value: str | None = saved(connection, name)
        return value
