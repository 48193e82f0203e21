"""The check of an archive: its rows beside the log's events, both in the order of the cursors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent, event_id, rfc3339
from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import Deployment
from app.store.dynamodb.batches import READ_LIMIT
from app.store.feed.cursor import Cursor, CursorClock, parse_cursor, wall_ms
from app.store.feed.feed import Arrival, Feed
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.files.windows import window_end
from worker.consumers.sink import Unavailable
from worker.sinks.archive.files import Shown, reading
from worker.sinks.archive.names import first_in, format_of
from worker.sinks.archive.place import Place
from worker.sinks.archive.rows import Row, row_of

_EVERY = 1_000  # events between two signs of progress


@dataclass(frozen=True, slots=True)
class _Archived:
    """A row of a file; without a row, `trouble` says why the file could not be read."""

    cursor: Cursor
    name: str
    row: Row | None = None
    trouble: str = ""


class _Ahead:
    """The archive's rows, of which the next one can be looked at."""

    def __init__(self, rows: Iterator[_Archived]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, cursor: Cursor) -> Iterator[_Archived]:
        """Take the rows before a cursor."""
        while (one := self._next) is not None and one.cursor < cursor:
            self._next = next(self._rows, None)
            yield one

    def at(self, cursor: Cursor) -> _Archived | None:
        """Take the row at a cursor; None if there is none."""
        one = self._next
        if one is None or one.cursor != cursor:
            return None
        self._next = next(self._rows, None)
        return one


class ArchiveCheck:
    """Compares an archive with the log of its deployment, up to the sink's cursor."""

    def __init__(
        self,
        sink: str,
        place: Place,
        deployment: Deployment,
        takes: Callable[[ChangeEvent], bool],
        shown: Shown,
        start: Cursor | None,
    ) -> None:
        """`takes` and `shown` are as for the sink; `start`: where a new sink begins."""
        self._sink = sink
        self._place = place
        self._deployment = deployment
        self._takes = takes
        self._shown = shown
        self._start = start or Cursor(0, "00000000", 0)
        client, tables, signer = deployment.clients.tables, deployment.tables, deployment.signer
        self._feed = Feed(client, tables.feed, signer.retention)
        stamp = CursorClock(0).stamp  # nothing is written
        self._audit = AuditRepository(client, tables.audit, self._feed, signer, stamp)

    def differences(self) -> Iterator[str]:
        """A sentence for each difference, and "" now and then; see `Sink.check`.

        Raises:
            Unavailable: the archive or the log cannot be read now.

        """
        try:
            yield from self._differences()
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error

    def _differences(self) -> Iterator[str]:
        row = SinkCursors(*self._deployment.coordination).get(self._sink)
        if row is None or row.cursor is None:
            yield "Nothing is archived yet: no worker has run the sink."
            return
        oldest = self._feed.oldest(wall_ms())
        archived = _Ahead(self._archived())
        redriven = self._redriven()
        window, seen = 0, set[str]()  # ids of the events of the current five minutes
        for number, (arrival, event, damage) in enumerate(self._logged(row.cursor)):
            if number % _EVERY == _EVERY - 1:
                yield ""
            if window_end(arrival.cursor.ms) != window:
                window, seen = window_end(arrival.cursor.ms), set()
            for one in archived.before(arrival.cursor):
                yield from self._only_archived(one, oldest)
            if damage:
                yield f"Event {event_id(*arrival.ref)} cannot be compared: {damage}."
            known = seen if event_id(*arrival.ref) in seen else redriven
            yield from self._compared(archived.at(arrival.cursor), arrival, event, known)
            seen.add(event_id(*arrival.ref))
        for one in archived.before(row.cursor.at(row.cursor.n + 1)):
            yield from self._only_archived(one, oldest)

    def _compared(
        self,
        archived: _Archived | None,
        arrival: Arrival,
        event: ChangeEvent | None,
        elsewhere: set[str],
    ) -> Iterator[str]:
        """What is wrong with an arrival's row; `elsewhere`: ids that another row has."""
        identity = event_id(*arrival.ref)
        if archived is not None and archived.row is None:
            yield archived.trouble
        elif archived is not None and event is not None:
            if row_of(archived.cursor, self._shown(event)) != archived.row:
                yield f"Event {identity} in {archived.name} differs from the audit."
        elif event is not None and identity not in elsewhere and self._takes(event):
            yield f"{_named(identity, arrival)} is not in the archive."

    def _archived(self) -> Iterator[_Archived]:
        """The rows of all files with cursors, and what is wrong with the files."""
        last: tuple[Cursor, str] | None = None
        for name in self._place.names():
            first = first_in(name)
            if first is None:
                continue
            try:
                with reading(self._place, name) as reader:
                    for row in reader.rows():
                        cursor = parse_cursor(row["cursor"])
                        if last is not None and cursor <= last[0]:
                            text = f"Event {row['id']} is in {last[1]} and again in {name}."
                            yield _Archived(last[0], name, trouble=text)
                            continue
                        last = cursor, name
                        yield _Archived(cursor, name, row)
            except Unavailable as error:
                yield _Archived(first, name, trouble=str(error))

    def _logged(self, until: Cursor) -> Iterator[tuple[Arrival, ChangeEvent | None, str]]:
        """The arrivals of the log up to a cursor, with their events and damages."""
        arrivals = self._feed.since(self._start.ms)
        while some := list(islice(arrivals, READ_LIMIT)):
            events, damaged = self._audit.read([one.ref for one in some])
            for one in some:
                if one.cursor > until:
                    return
                yield one, events.get(one.ref), damaged.get(one.ref, "")

    def _redriven(self) -> set[str]:
        """The ids of the events in files of redriven ones, which are few."""
        found: set[str] = set()
        for name in self._place.names():
            if format_of(name) is not None and first_in(name) is None:
                with reading(self._place, name) as reader:
                    found.update(row["id"] for row in reader.rows())
        return found

    def _only_archived(self, archived: _Archived, oldest: Cursor | None) -> Iterator[str]:
        """The archive keeps what the log has expired; anything else that it alone has is wrong."""
        if archived.row is None:
            yield archived.trouble
        elif oldest is not None and archived.cursor > oldest:
            yield (
                f"Event {archived.row['id']} in {archived.name} (cursor {archived.cursor}) is not "
                "in the log."
            )


def _named(identity: str, arrival: Arrival) -> str:
    arrived = rfc3339(datetime.fromtimestamp(arrival.cursor.ms / 1000, UTC))
    return f"Event {identity} of product {arrival.ref[0]!r}, which arrived at {arrived},"
