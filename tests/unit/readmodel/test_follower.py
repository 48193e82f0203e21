"""Whatever happens to the file or the feed, the copy follows again and says how old it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

import pytest

from app.core.errors import StoreUnavailable
from app.readmodel.events.event_query import EventQuery
from app.readmodel.follower import Follower
from app.store.feed.cursor import Cursor, before, wall_ms
from app.store.timeline.batch import Batch
from app.store.timeline.position import Position
from tests.support.waiting import until
from tests.unit.readmodel.kit import Copy, inserted, product

DAY = 24 * 3600 * 1000  # ms


class Tail:
    """The end of a timeline without other events; `settled` is where it is."""

    def __init__(self) -> None:
        self.settled = before(wall_ms())
        self.recent = self
        self.reads = 0
        self.fails = self.pending = False

    def refresh(self, seen: int, hints: int) -> int:
        return seen + 1

    def read(self, position: Position, limit: int) -> Batch:
        self.reads += 1
        if self.fails:
            raise StoreUnavailable("The audit table cannot be read now.")
        return Batch(edge=self.settled, pending=self.pending)

    def has_day(self, first: str, last: str) -> bool:
        return True


@contextmanager
def following(copy: Copy, tail: Tail, retention: timedelta | None = None) -> Iterator[Follower]:
    with Follower(
        copy.database, cast("Any", tail), copy.changes, copy.own_writes, (), retention, poll=0.05
    ) as follower:
        yield follower


def arrived(copy: Copy, *days_ago: int) -> None:
    """Events that arrived so many days ago; the copy has settled all but the last minute."""
    copy.changes.apply(
        [
            (Cursor(wall_ms() - days * DAY, "0000abcd", 0), inserted(number, product(f"P{number}")))
            for number, days in enumerate(days_ago)
        ],
        Position(before(wall_ms() - 60_000)),
    )


def test_copy_with_a_damaged_event_is_replaced(copy: Copy) -> None:
    arrived(copy, 5, 5, 1)
    made = copy.database.made
    with copy.database.writing() as connection:
        connection.execute("UPDATE events SET event = x'78bb00'")
    with pytest.raises(sqlite3.DatabaseError, match="an event is damaged"):
        copy.event_lists.page(EventQuery(), 10)
    with following(copy, Tail(), timedelta(days=2)) as follower:
        until(lambda: copy.database.made is not made and follower.has_caught_up)


def test_replacement_that_failed_is_tried_again(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is deleted already, and the disk has no room for the new one."""
    arrived(copy, 5)
    with monkeypatch.context() as patch:
        patch.setattr("app.readmodel.database.TABLES", "no tables")
        with following(copy, Tail(), timedelta(seconds=30)) as follower:
            until(lambda: follower.trouble)
            with copy.database.reading():  # the only connection to the old file
                patch.undo()
                until(lambda: follower.has_caught_up and not follower.trouble)


@pytest.mark.parametrize("trouble", ["the audit cannot be read", "events had no room"])
def test_published_events_do_not_hide_that_others_are_missing(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    tail = Tail()
    with following(copy, tail) as follower:
        until(lambda: follower.has_caught_up)
        tail.fails = trouble == "the audit cannot be read"
        tail.pending = not tail.fails
        reads = tail.reads
        until(lambda: tail.reads > reads + 1)
        if tail.pending:
            monkeypatch.setattr("app.readmodel.follower.OFFERED", 0)
        lag = follower.lag
        follower.offer([(Cursor(wall_ms() + 1, "0000abcd", 0), inserted(1, product("P1")))])
        until(lambda: copy.stocks() == {"P1": 1})
        assert follower.lag > lag
        tail.fails = tail.pending = False
        until(lambda: follower.lag < lag)
