"""A consumer settles up to where its own last read went, not up to where the tail is settled."""

from typing import Any

from app.store.cursor import Cursor
from app.store.feed import Feed
from tests.support.builders import an_event
from tests.support.fake_tables import FakeTables
from worker.consumers.event_cache import EventCache
from worker.consumers.position import Position
from worker.consumers.tail import BEGINNING, Tail


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


def test_a_whole_read_settles_as_far_as_the_tail() -> None:
    tail = tail_of(1, 2, 30_000)
    batch = tail.read(Position(BEGINNING), limit=10)
    assert [entry.cursor for entry in batch.entries] == [at(1), at(2)]
    assert batch.edge == tail.settled > at(2)


def test_a_read_that_is_cut_short_settles_nothing_behind_its_last_event() -> None:
    tail = tail_of(1, 2, 30_000)
    batch = tail.read(Position(BEGINNING), limit=1)
    assert [entry.cursor for entry in batch.entries] == [at(1)]
    assert batch.edge == at(1)


def test_a_position_settles_no_row_behind_the_edge() -> None:
    tail = tail_of(1, 2, 30_000)
    position = Position(BEGINNING)
    batch = tail.read(position, limit=1)
    position.add(at(1))
    position.see(at(2), 1)  # an earlier read took it; a row between may have come since
    position.add(at(2))
    position.settle(batch.edge)
    assert position.settled == at(1)
