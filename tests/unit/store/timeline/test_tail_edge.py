"""A consumer settles up to the edge of its own last read, not up to where the tail is settled."""

from typing import Any

from app.store.feed.cursor import Cursor
from app.store.feed.feed import Feed
from app.store.timeline.event_cache import EventCache
from app.store.timeline.position import Position
from app.store.timeline.recent_rows import BEGINNING
from app.store.timeline.tail import Tail
from tests.support.builders import an_event
from tests.support.fakes.fake_tables import FakeTables


def at(ms: int) -> Cursor:
    return Cursor(1_800_000_000_000 + ms, "0000abcd", 0)


def tail_of(*moments: int) -> Tail:
    """A tail after two passes over rows of one event each, stamped at these moments."""
    tables: Any = FakeTables({"Feed": ("Day", "Cursor")})
    feed, audit = Feed(tables, "Feed"), Any
    tail = Tail(feed, audit, EventCache())  # type: ignore[arg-type]
    for number, ms in enumerate(moments):
        event = an_event(number)
        feed.mark_day(at(ms))
        _, row = feed.row(at(ms), [(event.product_id, event.event_key)])
        tables.put_item(TableName="Feed", Item=row)
        tail.hint([event])
    for seen in range(2):
        tail.refresh(seen, 0)
    return tail


def test_a_complete_read_settles_as_far_as_the_tail() -> None:
    tail = tail_of(1, 2, 30_000)
    batch = tail.read(Position(BEGINNING), limit=10)
    assert [entry.cursor for entry in batch.entries] == [at(1), at(2)]
    assert batch.edge == tail.recent.settled > at(2)


def test_rows_beyond_a_read_s_limit_hold_the_position() -> None:
    tail, position = tail_of(1, 2, 30_000), Position(BEGINNING)
    batch = tail.read(position, limit=1)
    assert [entry.cursor for entry in batch.entries] == [at(1)]
    position.add(at(1))
    position.settle(batch.edge)
    assert position.settled == at(1)


def test_rows_that_a_consumer_has_not_read_hold_its_position() -> None:
    tail, position = tail_of(1, 30_000), Position(BEGINNING)
    edge = tail.read(position, limit=10).edge
    position.add(at(1))
    late = an_event(9)
    _, row = tail._feed.row(at(2), [(late.product_id, late.event_key)])  # noqa: SLF001
    tail._feed._client.put_item(TableName="Feed", Item=row)  # noqa: SLF001
    position.add(at(3))  # done before a restart, and not read again yet
    position.settle(edge)
    assert position.settled == at(1)
