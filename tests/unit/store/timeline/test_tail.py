"""The end of the timeline is read fast enough, and a stuck event does not block later ones."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, cast

import pytest

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import EventRef, Feed, FeedRow
from app.store.timeline import tail
from app.store.timeline.event_cache import EventCache
from app.store.timeline.position import Position
from app.store.timeline.recent_rows import BEGINNING
from app.store.timeline.tail import PAGE, Tail
from tests.unit.store.timeline.building import event, row

T = 10_000_000  # ms


class Rows:
    """A feed of rows, and the audit of their events."""

    def __init__(self) -> None:
        self.rows: list[FeedRow] = []
        self.lacking: set[EventRef] = set()

    def add(self, ms: int, *refs: tuple[str, int]) -> None:
        self.rows.append(row(ms, *refs))

    def newest(self) -> Cursor | None:
        return self.rows[-1].cursor if self.rows else None

    def after(self, place: Cursor, limit: int) -> list[FeedRow]:
        start = bisect_right(self.rows, place, key=lambda one: one.cursor)
        return self.rows[start : start + limit]

    def read(self, refs: Iterable[EventRef]) -> tuple[dict[EventRef, ChangeEvent], dict[Any, str]]:
        present = [ref for ref in refs if ref not in self.lacking]
        return {(product, key): event(product, int(key[-20:])) for product, key in present}, {}


class Reader:
    """A consumer of a tail with its own clock; all events that it takes are done at once."""

    def __init__(self, feed: Rows) -> None:
        self.now: float = 0
        self.feed = feed
        self.tail = Tail(
            cast("Feed", self.feed),
            cast("AuditRepository", self.feed),
            EventCache(),
            lambda: self.now,
        )
        self.refresh()
        self.position = Position(self.tail.recent.newest)
        self.done = 0

    def refresh(self) -> None:
        self.tail.refresh(self.tail.passes, 0)

    def take_all(self, busy: Cursor | None = None) -> None:
        while entries := self.tail.read(self.position, 100, lambda one: one == busy).entries:
            for entry in entries:
                self.position.add(entry.cursor)
                self.done += 1
            self.position.settle(self.tail.recent.settled)


def test_a_consumer_keeps_up_with_more_rows_than_one_pass_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail, "PAGE", 40)
    monkeypatch.setattr(tail, "MOST", 200)
    reader, made, rate = Reader(Rows()), 0, 30
    for reader.now in range(25):
        while made < reader.now * rate:
            reader.feed.add(T + made * 1000 // rate, (f"p{made % 50}", made))
            made += 1
        reader.refresh()
        reader.take_all()
    assert made - reader.done <= 3 * rate


def test_only_a_pass_that_reaches_the_end_of_the_feed_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall_ms = [T]
    monkeypatch.setattr(tail, "PAGE", 40)
    monkeypatch.setattr(tail, "MOST", 80)
    monkeypatch.setattr(tail, "wall_ms", lambda: wall_ms[0])
    reader = Reader(Rows())
    assert reader.tail.whole_at == T
    for number in range(100):
        reader.feed.add(T + number, (f"p{number}", 1))
    wall_ms[0] = T + 1000
    reader.refresh()
    assert reader.tail.whole_at == T, "20 rows are not read yet"
    reader.refresh()
    assert reader.tail.whole_at == T + 1000


def test_a_stuck_event_does_not_block_events_far_after_it() -> None:
    feed, count = Rows(), 3 * PAGE
    for number in range(count):
        feed.add(T + number, (f"p{number}", 1))
    feed.add(T + 600_000, ("z", 1))
    reader = Reader(feed)
    reader.position = Position(before(T))
    reader.take_all(busy=feed.rows[0].cursor)
    assert reader.done == count - 1


def test_a_product_s_events_after_an_absent_one_are_absent_too() -> None:
    feed = Rows()
    feed.add(T, ("a", 1), ("b", 1), ("a", 2), ("b", 2))
    feed.add(T + 600_000, ("z", 1))
    feed.lacking.add(feed.rows[0].refs[0])
    reader = Reader(feed)
    reader.position = Position(before(T))
    batch = reader.tail.read(reader.position, 100)
    assert [entry.event.product_id for entry in batch.entries] == ["b", "b"]
    assert batch.absent == [feed.rows[0].cursor.at(0), feed.rows[0].cursor.at(2)]


def test_consumer_just_behind_the_recent_rows_is_told_to_read_on() -> None:
    feed = Rows()
    feed.add(T, ("a", 1))
    reader = Reader(feed)
    reader.position = Position(before(T), {feed.rows[0].cursor: 1})  # `a` is done, not settled
    feed.add(T + 60_000, ("b", 1))
    reader.now = 60
    reader.tail = Reader(feed).tail  # a new process: its recent rows begin after `a`
    first = reader.tail.read(reader.position, 100)
    assert (first.found, first.pending) == (False, True)
    reader.position.settle(first.edge)
    reader.refresh()
    for _ in range(2):
        batch = reader.tail.read(reader.position, 100)
    assert [entry.event.product_id for entry in batch.entries] == ["b"]


class OnlyWriter:
    """The tail of a process that alone writes to the feed; it counts its calls."""

    def __init__(self) -> None:
        self.now, self.calls, feed = 0.0, 0, Rows()
        self.feed, after = feed, feed.after

        def counted(place: Cursor, limit: int) -> list[FeedRow]:
            self.calls += 1
            return after(place, limit)

        feed.after = counted  # type: ignore[method-assign]
        self.tail = Tail(
            cast("Feed", feed),
            cast("AuditRepository", feed),
            EventCache(),
            lambda: self.now,
            sole_writer=True,
        )

    def poll(self, seconds: float) -> int:
        """Polls every 5 s; returns the number of calls that they made."""
        before_polls, end = self.calls, self.now + seconds
        while self.now < end:
            self.now += 5
            self.tail.refresh(self.tail.passes, 0)
        return self.calls - before_polls


def test_the_only_writer_rarely_reads_the_feed_while_it_publishes_nothing() -> None:
    writer = OnlyWriter()
    writer.feed.add(T, ("P1", 1))
    writer.poll(20)
    assert writer.poll(600) <= 600 / tail.UNHINTED
    assert writer.tail.recent.rows_after(BEGINNING)[-1].cursor == writer.feed.newest()


def test_the_only_writer_reads_what_it_has_announced_until_it_is_settled() -> None:
    writer = OnlyWriter()
    writer.feed.add(T, ("P1", 1))
    writer.poll(30)
    writer.feed.add(T + 60_000, ("P2", 1))
    writer.tail.hint([event("P2", 1)])
    assert writer.poll(5) == 1
    assert writer.tail.recent.newest == writer.feed.newest()
    assert writer.poll(10) == 2
    settled = writer.tail.recent.settled
    writer.poll(600)
    assert writer.tail.recent.settled == settled >= before(T + 50_000)
