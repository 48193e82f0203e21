"""One reading of the timeline serves all subscriptions whose notices have to be read again.

That is so after a restart, after another worker, and where a program could not be sent more
messages than are kept. Nothing is lost if a reading fails: it begins again from the same places.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from app.core.item import AttributeNames
from app.core.rules.rule import subscription_id
from app.notifications.notice import Notice
from app.notifications.sources import of_event
from app.store.feed.cursor import before, parse_cursor
from app.store.timeline.position import Position
from app.store.timeline.tail import Tail
from worker.notifications.dispatch import Dispatch
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.subscription import MOST_SINGLE, Subscription
from worker.notifications.state.waiting import Entry, Places, Source, lowest

READ = 200  # events in one read
_PASSES = 2  # that find nothing new: rows become visible out of order

# The notices of a log from a place on, with their places.
ReadLog = Callable[[str], Iterable[tuple[str, Notice]]]


class NotHeld(Exception):
    """The lease is not held any more: the reading ends."""


@dataclass(slots=True)
class _Reading:
    """The subscriptions of a reading, and from where those go on that cannot take more now."""

    group: dict[str, Subscription]
    resume: dict[str, Places] = field(default_factory=dict)


class CatchUp:
    """Reads what subscriptions lack from the timeline and the logs."""

    def __init__(
        self,
        dispatch: Dispatch,
        book: RuleBook,
        tail: Tail,
        logs: dict[Source, ReadLog],
        names: AttributeNames,
    ) -> None:
        """`logs`: of the sources that are not the timeline."""
        self._dispatch = dispatch
        self._book = book
        self._tail = tail
        self._logs = logs
        self._names = names
        self._passes = 0

    def run(self) -> bool:
        """Read what subscriptions lack whose time has come; returns whether there were any.

        Raises:
            StoreUnavailable, SubscriptionChanged, NotHeld: not all was read; call it again.

        """
        group = self._dispatch.unread()
        if not group:
            return False
        reading = _Reading({one.id: one for one in group})
        try:
            for source, read in self._logs.items():
                if (start := _start(group, source)) is not None:
                    for place, notice in read(start):
                        self._give(reading, Entry(source, place, notice))
            if (start := _start(group, "events")) is not None:
                self._read_events(reading, start)
        except BaseException:
            # What was read is read again, so that a digest counts it once.
            self._dispatch.start_reading_again(group)
            raise
        ended = [(one, reading.resume.get(one.id, {})) for one in group]
        self._dispatch.end_reading(ended)
        return True

    def _read_events(self, reading: _Reading, start: str) -> None:
        position = Position(before(parse_cursor(start).ms))
        for _ in range(_PASSES):
            self._passes = self._tail.refresh(self._passes, 0)
            while True:
                batch = self._tail.read(position, READ)
                for entry in batch.entries:
                    notice = of_event(entry.event, entry.cursor.ms, self._names)
                    if notice is not None:
                        self._give(reading, Entry("events", str(entry.cursor), notice))
                    position.add(entry.cursor)
                for cursor in [*batch.absent, *(cursor for cursor, _, _ in batch.damaged)]:
                    position.add(cursor)
                position.settle(batch.edge)
                if not batch.found:
                    is_far = batch.pending and position.settled < self._tail.recent.base
                    if not is_far:
                        break
                if all("events" in reading.resume.get(one, {}) for one in reading.group):
                    return

    def _give(self, reading: _Reading, entry: Entry) -> None:
        if not self._dispatch.is_held:
            raise NotHeld
        for rule, recipient in self._book.matches(entry.notice):
            one = reading.group.get(subscription_id(rule.id, recipient.id))
            if one is None or not one.lacks(entry.source, entry.place):
                continue
            resume = reading.resume.get(one.id, {})
            if one.singly and (entry.source in resume or len(one.waiting) >= MOST_SINGLE):
                reading.resume[one.id] = lowest(resume, {entry.source: entry.place})
            else:
                self._dispatch.add_read(one, entry)


def _start(group: Sequence[Subscription], source: Source) -> str | None:
    return min((one.rest[source] for one in group if source in one.rest), default=None)
