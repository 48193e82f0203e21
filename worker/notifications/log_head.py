"""The logs of alerts and troubles are read once for all subscriptions at the head, as events are.

A log is read only while a rule wants anything of it, and never from before the first such rule.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from app.core.item import AttributeNames
from app.notifications.notice import Notice
from app.notifications.sources import of_transition, of_trouble, with_item
from app.store.notifications.notice_log import LogPlace, NoticeLog, place_at
from worker.notifications.messages.digest import Present
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.waiting import Entry, Source

TOGETHER = 100  # rows whose products are read with one call
_CLOCKS_MS = 10_000  # by which clocks may differ

Row = Any
NoticesOf = Callable[[Sequence[Row]], Iterable[tuple[str, Notice]]]


class LogHead:
    """One log, and how far it was read."""

    def __init__(
        self, source: Source, log: NoticeLog, kinds: Sequence[str], notices_of: NoticesOf
    ) -> None:
        """`kinds`: of its notices. `notices_of`: makes them of up to 100 rows, with their ids."""
        self.source = source
        self._log = log
        self._kinds = kinds
        self._notices_of = notices_of
        self._place: LogPlace | None = None

    def forget(self) -> None:
        """Read the place again before the next step: another worker may have written it."""
        self._place = None

    def poll(self, book: RuleBook, offer: Callable[[Sequence[Entry]], None]) -> bool:
        """Offer what is new in the log; returns whether there was anything.

        Raises:
            StoreUnavailable: call it again; so does `offer`.

        """
        since = [book.index.since[kind] for kind in self._kinds if kind in book.index.since]
        if not since:
            return False
        begins = LogPlace(min(since) - _CLOCKS_MS)
        place = self._place or self._log.place() or begins
        if place.ms < begins.ms:
            place = begins
        seen = set(place.seen)
        rows = (row for row in self._log.rows(place.start) if row["ID"]["S"] not in seen)
        found = False
        while some := list(islice(rows, TOGETHER)):
            offer([Entry(self.source, *one) for one in self._notices_of(some)])
            place = _after(place, [row["ID"]["S"] for row in some])
            self._log.save(place)
            self._place, found = place, True
        self._place = place
        return found

    def read(self, start: str) -> Iterator[tuple[str, Notice]]:
        """The notices from a place on, with their places; raises as `poll`."""
        rows = self._log.rows(start)
        while some := list(islice(rows, TOGETHER)):
            yield from self._notices_of(some)


def of_alerts(present: Present, names: AttributeNames) -> NoticesOf:
    """Makes notices of changes of alerts, with the products as they are now."""

    def notices_of(rows: Sequence[Row]) -> Iterator[tuple[str, Notice]]:
        notices = [notice for row in rows if (notice := _told(row)) is not None]
        items = present.items({one.product_id for one in notices}) if notices else {}
        for one in notices:
            yield one.id, with_item(one, items.get(one.product_id), names)

    return notices_of


def of_troubles(rows: Sequence[Row]) -> Iterator[tuple[str, Notice]]:
    """Makes notices of lines of the log of troubles."""
    for notice in map(of_trouble, rows):
        yield notice.id, notice


def _told(row: Row) -> Notice | None:
    """The notice of a change; the first scan tells nobody: what it found is of the past."""
    is_found = row["After"]["S"] == "open" and "Before" not in row and "EventKey" not in row
    return None if is_found else of_transition(row)


def _after(place: LogPlace, ids: Sequence[str]) -> LogPlace:
    ms = max(place.ms, *(int(one[:13]) for one in ids))
    later = place_at(ms - (place.ms - int(place.start)))
    return LogPlace(ms, tuple(one for one in (*place.seen, *ids) if one >= later))
