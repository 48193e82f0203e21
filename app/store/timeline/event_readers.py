"""Events are read backwards to find a start, then in order from there, and then as they arrive.

Only the start is kept of what was read backwards, so memory does not grow with their number.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from app.core.events import ChangeEvent
from app.core.keys import row_id
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.damaged import readable_entries
from app.store.audit.entry import event_of
from app.store.dynamodb.client import translated
from app.store.feed.cursor import Cursor, before, parse_cursor
from app.store.feed.feed import ROW_LIMIT, Feed
from app.store.timeline.event_cache import EventCache
from app.store.timeline.position import Position
from app.store.timeline.tail import Tail
from app.store.timeline.timeline import OVERLAP_MS, Timeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 200  # events in one read, at most
LATE = timedelta(days=1)  # a stream keeps a record for so long, so its event arrives by then
_START = "\x01"  # sorts before every event key

P = TypeVar("P")

# The next events, oldest first; none if there are no more now. It can be called again after an
# error, and an event may come twice.
Read = Callable[[], Sequence[ChangeEvent]]


class EventReader(Protocol[P]):
    """Reads events in an order in which `P` is a place."""

    def newest_first(
        self, since: datetime | None, until: datetime | None
    ) -> Iterator[tuple[P, ChangeEvent]]:
        """Events from `until` (None: the end) back to `since`, and a few beyond both.

        Raises:
            StoreUnavailable: the tables cannot be read now.

        """
        ...

    def read_from(self, start: P | None, until: datetime | None) -> Read:
        """Reads events from a place on (None: from now on), and stops some time after `until`.

        Raises:
            StoreUnavailable: the tables cannot be read now; so does the returned function.

        """
        ...


class ProductEvents:
    """The events of one product, in the order of its history; a place is an event key."""

    def __init__(
        self, client: "DynamoDBClient", table: str, audit: AuditRepository, product_id: str
    ) -> None:
        self._client = client
        self._table = table
        self._audit = audit
        self._product_id = product_id

    def newest_first(
        self, since: datetime | None, _until: datetime | None
    ) -> Iterator[tuple[str, ChangeEvent]]:
        """As in `EventReader`."""
        cursor: str | None = None
        while True:
            page = self._audit.histories.page(self._product_id, PAGE, cursor)
            for event in page.items:
                if since is not None and event.occurred_at < since:
                    return
                yield event.event_key, event
            if (cursor := page.next_cursor) is None:
                return

    def read_from(self, start: str | None, _until: datetime | None) -> Read:
        """As in `EventReader`."""
        if start is None:
            newest = self._audit.chains.newest_link(self._product_id)
            key, operator = _START if newest is None else newest.key, ">"
        else:
            key, operator = start, ">="

        def read() -> Sequence[ChangeEvent]:
            nonlocal key, operator
            events: list[ChangeEvent] = []
            while not events:
                with translated():
                    entries = self._client.query(
                        TableName=self._table,
                        KeyConditionExpression=f"ProductID = :p AND EventKey {operator} :k",
                        ExpressionAttributeValues={
                            ":p": {"S": row_id(self._product_id)},
                            ":k": {"S": key},
                        },
                        ConsistentRead=True,
                        Limit=PAGE,
                    )["Items"]
                if not entries:
                    break
                key, operator = entries[-1]["EventKey"]["S"], ">"
                events += readable_entries(event_of, entries)
            return events

        return read


class AllEvents:
    """The events of all products, in the order of their arrival; a place is a cursor."""

    def __init__(self, feed: Feed, audit: AuditRepository) -> None:
        self._feed = feed
        self._audit = audit
        self._timeline = Timeline(feed, audit)

    def newest_first(
        self, since: datetime | None, until: datetime | None
    ) -> Iterator[tuple[Cursor, ChangeEvent]]:
        """As in `EventReader`."""
        first = before(0) if since is None else arrival_of(since)
        edge = None if until is None else str(_latest_arrival(until))
        while True:
            page = self._timeline.latest(PAGE, edge)
            for cursor, event in page.items:
                if cursor < first:
                    return
                yield cursor, event
            if (edge := page.next_cursor) is None or parse_cursor(edge) < first:
                return

    def read_from(self, start: Cursor | None, until: datetime | None) -> Read:
        """As in `EventReader`."""
        end = None if until is None else _latest_arrival(until)
        if start is None:
            newest = self._feed.newest()
            start = before(0) if newest is None else newest.at(ROW_LIMIT)
        last, cursor = start, str(before(start.ms))
        follow: _Follow | None = None

        def read() -> Sequence[ChangeEvent]:
            nonlocal last, cursor, follow
            while cursor and (end is None or last <= end):
                page = self._timeline.after(cursor, PAGE)
                cursor = page.next_cursor or ""
                events = [event for place, event in page.items if place >= start]
                last = page.items[-1][0] if events else last
                if events:
                    return events
            if end is not None:
                return []
            # Rows become visible out of order: those of the last seconds are read again.
            follow = follow or _Follow(self._feed, self._audit, before(last.ms - OVERLAP_MS))
            return [event for place, event in follow.read() if place >= start]

        return read


def arrival_of(moment: datetime) -> Cursor:
    """A place before the arrival of every event that occurred at or after a moment."""
    return before(_ms(moment) - OVERLAP_MS)


def _latest_arrival(moment: datetime) -> Cursor:
    """A place after the arrival of nearly every event that occurred up to a moment."""
    return before(_ms(moment + LATE))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class _Follow:
    """The events after a place that are not settled yet, and those that arrive later."""

    def __init__(self, feed: Feed, audit: AuditRepository, place: Cursor) -> None:
        self._tail = Tail(feed, audit, EventCache())
        self._position = Position(place)
        self._passes = 0

    def read(self) -> list[Arrived]:
        self._passes = self._tail.refresh(self._passes, 0)
        batch = self._tail.read(self._position, PAGE)
        done = [entry.cursor for entry in batch.entries] + batch.absent
        for cursor in [*done, *(cursor for cursor, _, _ in batch.damaged)]:
            self._position.add(cursor)
        self._position.settle(batch.edge)
        return [(entry.cursor, entry.event) for entry in batch.entries]
