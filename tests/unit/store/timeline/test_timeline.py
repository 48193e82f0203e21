"""The newest events are read in bounded steps, whatever their kinds."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count, islice
from typing import Any

import pytest

from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.feed.feed import Feed
from app.store.timeline.timeline import Timeline, TimelinePage
from tests.support.builders import NOON, a_cursor, an_event
from tests.support.fakes.fake_tables import FakeTables

TABLES = {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}


class Kept:
    """A timeline over in-memory tables."""

    def __init__(self) -> None:
        self.tables: Any = FakeTables(TABLES)
        self.feed = Feed(self.tables, "Feed")
        stamps = map(a_cursor, count())
        signer = Signer("k", b"k" * 32)
        self.audit = AuditRepository(
            self.tables, "ProductEvents", self.feed, signer, lambda: next(stamps)
        )
        self.timeline = Timeline(self.feed, self.audit)

    def add(self, *numbers: int, **fields: Any) -> None:
        for number in numbers:
            self.audit.append([an_event(number, **fields)])

    def newest(self, shown: int, before: int) -> tuple[list[int], list[int]]:
        """The numbers of the events, and of the arrivals before them."""
        newest, places = self.timeline.newest(shown, before)
        keys = [[event.event_key for _, event in newest], [place.ref[1] for place in places]]
        found, older = ([int(key.partition("#")[2]) % 10**20 for key in some] for some in keys)
        return found, older


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_an_empty_timeline_has_no_newest_events(kept: Kept) -> None:
    assert kept.newest(3, 3) == ([], [])


def test_newest_events_come_oldest_first_and_earlier_arrivals_newest_first(kept: Kept) -> None:
    kept.add(*range(1, 11))
    assert kept.newest(3, 4) == ([8, 9, 10], [7, 6, 5, 4])


def test_newest_reads_on_until_enough_events_are_not_internal(kept: Kept) -> None:
    kept.add(1, 2, 3, 4)
    kept.add(5, 6, 7, kind="internal")
    assert kept.newest(2, 4) == ([2, 3, 4, 5, 6, 7], [1])


def test_newest_reads_at_most_five_times_the_count(kept: Kept) -> None:
    kept.add(*range(1, 21), kind="internal")
    assert kept.newest(2, 3) == ([*range(11, 21)], [10, 9, 8])


def test_an_event_that_arrived_twice_appears_twice(kept: Kept) -> None:
    kept.add(1, 2)
    kept.add(1)
    assert kept.newest(3, 3) == ([1, 2, 1], [])


def test_an_arrival_without_an_audit_entry_is_skipped(kept: Kept) -> None:
    kept.add(1, 2)
    entry = next(key for key in kept.tables.rows["ProductEvents"] if key[1].endswith("2"))
    del kept.tables.rows["ProductEvents"][entry]
    assert kept.newest(3, 3) == ([1], [])


def test_the_first_page_is_short_and_later_pages_are_longer(
    kept: Kept,
) -> None:
    kept.add(*range(1, 100))
    limits: list[int] = []
    right = kept.tables.query

    def recorded(**request: Any) -> Any:
        if request["ExpressionAttributeValues"][":d"]["S"] != "days":
            limits.append(request["Limit"])
        return right(**request)

    kept.tables.query = recorded
    assert len(list(islice(kept.feed.before(None), 5))) == 5
    assert limits == [10]
    limits.clear()
    assert len(list(kept.feed.before(None))) == 99
    assert limits == [10, 20, 40, 80]


def numbers(pages: Iterable[TimelinePage]) -> list[int]:
    keys = [event.event_key for page in pages for _, event in page.items]
    return [int(key.partition("#")[2]) % 10**20 for key in keys]


def pages(kept: Kept, limit: int) -> Iterator[TimelinePage]:
    cursor = None
    while True:
        page = kept.timeline.latest(limit, cursor)
        yield page
        if (cursor := page.next_cursor) is None:
            return


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_have_each_event_once_although_a_crash_made_many_arrive_again(
    kept: Kept, limit: int
) -> None:
    long_ago = NOON - timedelta(seconds=5)
    for last in (40, 60, 80):  # each life of the worker repeats the last 30 of the one before
        kept.add(*range(max(1, last - 50), last + 1), occurred_at=long_ago)
    assert numbers(pages(kept, limit)) == [*range(80, 0, -1)]


def test_events_that_arrive_in_time_cost_no_further_reads(kept: Kept) -> None:
    kept.add(*range(1, 100))
    rows = 0
    right = kept.tables.query

    def counted(**request: Any) -> Any:
        nonlocal rows
        answer = right(**request)
        rows += len(answer["Items"])
        return answer

    kept.tables.query = counted
    kept.timeline.latest(1)
    assert rows <= 11


def test_a_page_after_a_cursor_reads_few_rows_and_repeats_what_arrived_again(kept: Kept) -> None:
    """A client that polls may have read the first arrival before its entry was there."""
    kept.add(1, 2)
    cursor = str(a_cursor(1))
    kept.add(2, 3)
    assert numbers([kept.timeline.after(cursor, 10)]) == [2, 3]
