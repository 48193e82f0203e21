"""The timeline is `Feed`'s order with the audit table's content; an event appears once.

A feed row whose audit entry is missing was not published: it is skipped, and arrives again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from app.core.errors import EventNotFound
from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.history import HistoryPage
from app.store.dynamodb.batches import READ_LIMIT
from app.store.feed.cursor import Cursor, parse_cursor
from app.store.feed.feed import Arrival, EventRef, Feed

# How far a cursor's neighbours may have been written out of order (DESIGN §6), in ms.
OVERLAP_MS = 10_000

_CHUNKS = 5  # how many pages' worth of arrivals are read for one page of shown events

Admits = Callable[[ChangeEvent], bool]


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Events with their cursors, and the cursor to go on after (None: the end)."""

    items: list[Arrived]
    next_cursor: str | None


class Timeline:
    """Pages of events over all products; single events; a product's history."""

    def __init__(self, feed: Feed, audit: AuditRepository) -> None:
        self._feed = feed
        self._audit = audit

    def latest(
        self, limit: int, before: str | None = None, admits: Admits = lambda _: True
    ) -> TimelinePage:
        """Up to `limit` events before the cursor (None: the newest), newest first.

        A page can be short of what `admits` lets through: `next_cursor` says where to go on.

        Raises:
            InvalidCursor: `before` is not a cursor.

        """
        edge = None if before is None else parse_cursor(before)
        return self._page(self._feed.before(edge), limit, admits)

    def after(self, cursor: str, limit: int, admits: Admits = lambda _: True) -> TimelinePage:
        """Up to `limit` events after the cursor, oldest first; short as `latest` may be.

        Raises:
            InvalidCursor: it is not a cursor.

        """
        edge = parse_cursor(cursor)
        later = (arrival for arrival in self._feed.since(edge.ms) if arrival.cursor > edge)
        return self._page(later, limit, admits)

    def backfill(self, cursor: Cursor, limit: int) -> list[Arrived] | None:
        """Everything since 10 s before the cursor, oldest first; None for more than `limit`."""
        arrivals = list(islice(self._feed.since(cursor.ms - OVERLAP_MS), limit + 1))
        return None if len(arrivals) > limit else self._load(arrivals)

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = lambda _: True
    ) -> Iterator[Arrived]:
        """Arrivals stamped at or after `since_ms`, newest first; of those only what is lacking.

        They are read as they are asked for, some at a time, so whoever stops early never had
        the rest in memory. An event that arrived twice comes twice.
        """
        arrivals = takewhile(lambda arrival: arrival.cursor.ms >= since_ms, self._feed.before(None))
        lacking = (arrival for arrival in arrivals if lacks(arrival.ref))
        while some := list(islice(lacking, READ_LIMIT)):
            events = self._audit.get_many([arrival.ref for arrival in some])
            for arrival in some:
                if arrival.ref in events:
                    yield arrival.cursor, events[arrival.ref]

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        """The newest arrivals, oldest first, and the places of up to `before` more, newest first.

        Reads until `count` of them are shown events, and five times `count` at the most. An
        event that arrived twice comes twice.
        """
        arrivals = self._feed.before(None)
        newest: list[Arrived] = []
        shown = 0
        for _ in range(_CHUNKS):
            chunk = list(islice(arrivals, count))
            events = self._audit.get_many([arrival.ref for arrival in chunk])
            newest += [(a.cursor, events[a.ref]) for a in chunk if a.ref in events]
            shown += sum(event.kind != "internal" for event in events.values())
            if shown >= count:
                break
        return newest[::-1], list(islice(arrivals, before))

    def history(self, product_id: str, limit: int, cursor: str | None = None) -> HistoryPage:
        """A product's events, newest first, and which of them are void.

        Raises:
            InvalidCursor: the cursor is not one that a page gave out.

        """
        return self._audit.histories.page(product_id, limit, cursor)

    def refers(self, product_id: str, after: str, reference: str) -> bool:
        """Whether an event of the product, later than the event key, bears the reference."""
        return self._audit.refers(product_id, after, reference)

    def event(self, ref: tuple[str, str]) -> ChangeEvent:
        """One event, with its images.

        Raises:
            EventNotFound: there is none.

        """
        event = self._audit.get(ref)
        if event is None:
            raise EventNotFound("No event has this id. GET /v1/events lists them.")
        return event

    def _page(self, arrivals: Iterator[Arrival], limit: int, admits: Admits) -> TimelinePage:
        """Shown events until the page is full; looks at a few pages' worth at the most."""
        items: list[Arrived] = []
        seen: set[tuple[str, str]] = set()
        for _ in range(_CHUNKS):
            chunk = list(islice(arrivals, limit))
            fresh = [arrival for arrival in chunk if arrival.ref not in seen]
            seen |= {arrival.ref for arrival in fresh}
            for item in self._load(fresh):
                if item[1].kind == "internal" or not admits(item[1]):
                    continue
                items.append(item)
                if len(items) == limit:
                    return TimelinePage(items, str(item[0]))
            if len(chunk) < limit:
                return TimelinePage(items, None)
        return TimelinePage(items, str(chunk[-1].cursor))

    def _load(self, arrivals: Iterable[Arrival]) -> list[Arrived]:
        """Each event once, at its first place in the given order."""
        places: dict[tuple[str, str], Cursor] = {}
        for arrival in arrivals:
            places.setdefault(arrival.ref, arrival.cursor)
        events = self._audit.get_many(list(places))
        return [(cursor, events[ref]) for ref, cursor in places.items() if ref in events]
