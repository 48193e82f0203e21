"""The timeline has the order of `Feed` and the content of the audit table; an event appears once.

An event whose audit entry is missing was not published: it is skipped, and arrives again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from app.core.errors import EventNotFound
from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.history import HistoryPage
from app.store.dynamodb.batches import READ_LIMIT
from app.store.dynamodb.paging import PageRoom, event_size
from app.store.feed.cursor import Cursor, before, parse_cursor
from app.store.feed.feed import Arrival, EventRef, Feed
from app.store.timeline.first_arrivals import NewestFirst

# How far rows may have been written out of order, in ms (docs/extend/architecture.md).
OVERLAP_MS = 10_000

# Bytes of an event beyond which its images are left out for the live feed. Frames have smaller ones
# (`app.broker.event_json`), so this changes no frame.
LARGE = 64 * 1024

_PORTION_BYTES = 512 * 1024  # of events that are kept for a resuming client at once

_CHUNKS = 5  # chunks, each of a page's length, that are read to fill one page

Admits = Callable[[ChangeEvent], bool]
ArrivedBefore = Callable[..., bool]  # `NewestFirst.arrived_before`


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Events with their cursors, and the cursor of the next page (None: the end)."""

    items: list[Arrived]
    next_cursor: str | None


class Timeline:
    """Pages of events of all products, single events, and a product's history."""

    def __init__(self, feed: Feed, audit: AuditRepository) -> None:
        self._feed = feed
        self._audit = audit

    def latest(
        self, limit: int, before: str | None = None, admits: Admits = lambda _: True
    ) -> TimelinePage:
        """Up to `limit` events before the cursor (None: the newest), newest first.

        An event that arrived several times is where it first arrived, as far as `NewestFirst` sees.
        `admits` filters events. A page can be short of `limit` even if there are more events:
        follow `next_cursor`.

        Raises:
            InvalidCursor: `before` is not a cursor.

        """
        edge = None if before is None else parse_cursor(before)
        newest_first = NewestFirst(self._feed.before(edge))
        return self._page(newest_first, limit, admits, newest_first.arrived_before)

    def after(self, cursor: str, limit: int, admits: Admits = lambda _: True) -> TimelinePage:
        """Up to `limit` events after the cursor, oldest first; a page can be short, as in `latest`.

        An event that arrived again is on a later page again: its entry may have been missing when a
        client read its first arrival.

        Raises:
            InvalidCursor: `cursor` is not a cursor.

        """
        edge = parse_cursor(cursor)
        since = self._feed.since(edge.ms, few=True)
        return self._page((one for one in since if one.cursor > edge), limit, admits)

    def resume_point(self, cursor: Cursor, most: int) -> Cursor | None:
        """The position 10 s before the cursor; None if more than `most` arrivals follow it."""
        start = cursor.ms - OVERLAP_MS
        following = sum(1 for _ in islice(self._feed.since(start), most + 1))
        return None if following > most else before(start)

    def following(self, point: Cursor, limit: int) -> tuple[list[Arrived], Cursor | None]:
        """Events of up to `limit` arrivals after a position, oldest first, without large images.

        Also returns the position to continue from; None at the end. There are fewer events if they
        are large.
        """
        later = (arrival for arrival in self._feed.since(point.ms) if arrival.cursor > point)
        arrivals = list(islice(later, limit))
        found: list[Arrived] = []
        read, kept = PageRoom(limit), PageRoom(limit, _PORTION_BYTES)
        for cursor, event in self._load(arrivals):
            found.append((cursor, _without_large_images(event)))
            read.take(event_size(event))
            kept.take(event_size(found[-1][1]))
            if read.full or kept.full:
                return found, cursor
        return found, arrivals[-1].cursor if len(arrivals) == limit else None

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = lambda _: True
    ) -> Iterator[Arrived]:
        """Events stamped at or after `since_ms` for which `lacks` is true, newest first.

        They are read on demand, in chunks, without large images. An event that arrived twice
        appears twice.
        """
        arrivals = takewhile(lambda arrival: arrival.cursor.ms >= since_ms, self._feed.before(None))
        lacking = (arrival for arrival in arrivals if lacks(arrival.ref))
        while some := list(islice(lacking, READ_LIMIT)):
            yield from self._arrived(some)

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        """The newest events, oldest first, and up to `before` arrivals before them, newest first.

        Reads until `count` events are not internal, but at most five times `count` arrivals. An
        event that arrived twice appears twice. Large images are left out.
        """
        arrivals = self._feed.before(None)
        newest: list[Arrived] = []
        for _ in range(_CHUNKS):
            newest += self._arrived(list(islice(arrivals, count)))
            shown = {event.id for _, event in newest if event.kind != "internal"}
            if len(shown) >= count:
                break
        return newest[::-1], list(islice(arrivals, before))

    def history(self, product_id: str, limit: int, cursor: str | None = None) -> HistoryPage:
        """A product's events, newest first, and which of them are void.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        return self._audit.histories.page(product_id, limit, cursor)

    def event(self, ref: tuple[str, str]) -> ChangeEvent:
        """One event, with its images.

        Raises:
            EventNotFound: it does not exist.

        """
        event = self._audit.get(ref)
        if event is None:
            raise EventNotFound("No event has this id. Look it up in the list of events.")
        return event

    def events(self, refs: Sequence[EventRef]) -> dict[EventRef, ChangeEvent]:
        """Those of some events that exist."""
        return self._audit.get_many(refs)

    def _page(
        self,
        arrivals: Iterator[Arrival],
        limit: int,
        admits: Admits,
        arrived_before: ArrivedBefore = lambda *_: False,
    ) -> TimelinePage:
        """Events that are not internal, until the page is full or `_CHUNKS` chunks are read.

        Only as many events are read as the page has room for (`PageRoom`).
        """
        items: list[Arrived] = []
        room = PageRoom(limit)
        seen: set[EventRef] = set()
        for _ in range(_CHUNKS):
            chunk = list(islice(arrivals, limit))
            fresh = [one for one in chunk if one.ref not in seen and not arrived_before(one)]
            for cursor, event in self._load(fresh):
                if event.kind == "internal" or not admits(event):
                    continue
                ref = event.product_id, event.event_key
                if arrived_before(Arrival(cursor, ref), event):
                    continue
                seen.add(ref)
                items.append((cursor, event))
                room.take(event_size(event))
                if room.full:
                    return TimelinePage(items, str(cursor))
            if len(chunk) < limit:
                return TimelinePage(items, None)
        return TimelinePage(items, str(chunk[-1].cursor))

    def _load(self, arrivals: Iterable[Arrival]) -> Iterator[Arrived]:
        """Each event once, with its first cursor in the given order; they are read on demand."""
        places: dict[EventRef, Cursor] = {}
        for arrival in arrivals:
            places.setdefault(arrival.ref, arrival.cursor)
        for event in self._audit.each(list(places)):
            if (cursor := places.get((event.product_id, event.event_key))) is not None:
                yield cursor, event

    def _arrived(self, arrivals: Sequence[Arrival]) -> list[Arrived]:
        """The arrivals that have an entry, with their events without large images."""
        events = {
            (event.product_id, event.event_key): _without_large_images(event)
            for event in self._audit.each([arrival.ref for arrival in arrivals])
        }
        return [
            (arrival.cursor, events[arrival.ref]) for arrival in arrivals if arrival.ref in events
        ]


def _without_large_images(event: ChangeEvent) -> ChangeEvent:
    if event_size(event) <= LARGE:
        return event
    return replace(event, before=None, after=None, images_omitted=True)
