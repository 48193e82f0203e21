"""Readers of the feed see one order, whichever days and partitions its rows are in."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.dynamodb.batches import put_all
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Arrival, Feed, FeedRow
from tests.support.fakes.fake_tables import FakeTables

DAY_MS = 86_400_000
START = 20_000 * DAY_MS
WRITERS = ["00000000", "00000001", "00000002", "0000000f"]


class Log:
    """A feed table, its writers, and what they wrote."""

    def __init__(self) -> None:
        self.tables: Any = FakeTables({"Feed": ("Day", "Cursor")})
        self.rows: list[FeedRow] = []
        self.queries: list[str] = []
        right = self.tables.query

        def counted(**request: Any) -> Any:
            self.queries.append(request["ExpressionAttributeValues"][":d"]["S"])
            return right(**request)

        self.tables.query = counted

    def feed(self, partitions: int = 1) -> Feed:
        """The feed as one process reads and writes it."""
        return Feed(self.tables, "Feed", partitions=partitions)

    def write(self, feed: Feed, ms: int, writer: str = WRITERS[0], events: int = 1) -> FeedRow:
        stamp = Cursor(START + ms, writer, 0)
        row = FeedRow(stamp, tuple((f"P{n}", str(stamp)) for n in range(events)))
        feed.mark_day(stamp)
        put_all(self.tables, [feed.row(stamp, list(row.refs))])
        self.rows.append(row)
        return row

    @property
    def arrivals(self) -> list[Arrival]:
        """Every event, in the order of its stamp."""
        in_order = sorted(self.rows, key=lambda row: row.cursor)
        return [arrival for row in in_order for arrival in row.arrivals()]


written = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY_MS // 1000).map(lambda second: second * 1000),
        st.integers(0, len(WRITERS) - 1),
        st.integers(1, 3),
    ),
    unique_by=lambda row: row[:2],
    max_size=40,
)


@given(written, st.lists(st.integers(1, 5), min_size=4, max_size=4), st.data())
def test_every_read_returns_rows_in_the_order_of_their_stamps(
    rows: list[tuple[int, int, int]], counts: list[int], data: st.DataObject
) -> None:
    """Writers need not agree on the number of partitions."""
    log = Log()
    feeds = [log.feed(count) for count in counts]
    for ms, place, events in rows:
        log.write(feeds[place], ms, WRITERS[place], events)
    reader, expected = log.feed(), log.arrivals
    in_order = sorted(log.rows, key=lambda row: row.cursor)
    assert list(reader.since(0)) == expected
    assert list(reader.before(None)) == expected[::-1]
    assert reader.after(None, 1_000) == in_order
    assert reader.newest() == (in_order[-1].cursor if in_order else None)
    if not expected:
        return
    edge = data.draw(st.sampled_from(expected)).cursor
    later = [arrival for arrival in expected if arrival.cursor.ms >= edge.ms]
    assert list(reader.since(edge.ms)) == later
    assert list(reader.before(edge)) == [a for a in expected[::-1] if a.cursor < edge]
    limit = data.draw(st.integers(1, 10))
    following = [row for row in in_order if row.cursor > edge.at(0)]
    assert reader.after(edge.at(0), limit) == following[:limit]


def test_an_empty_feed_has_no_newest_row() -> None:
    log = Log()
    assert (log.feed().newest(), log.feed().newest_ms()) == (None, 0)
    assert log.feed().after(None, 10) == []


def test_a_day_keeps_the_greatest_number_of_partitions() -> None:
    log = Log()
    for count in (2, 5, 3):
        log.write(log.feed(count), ms=count)
    marked = log.tables.rows["Feed"]["days", Cursor(START, "", 0).day]
    assert marked["PartitionCount"] == {"N": "5"}


def test_a_reader_sees_partitions_that_were_added_since_its_last_read() -> None:
    log = Log()
    reader = log.feed()
    first = log.write(log.feed(1), 0)
    assert reader.after(None, 10) == [first]
    second = log.write(log.feed(3), 1, writer="00000002")
    assert ("2024-10-04#2", str(second.cursor)) in log.tables.rows["Feed"]
    assert reader.after(None, 10) == [first, second]


def test_a_day_without_a_partition_count_can_be_read_and_extended() -> None:
    log = Log()
    first = log.write(log.feed(1), 0)
    day = log.tables.rows["Feed"]["days", first.cursor.day]
    del day["PartitionCount"]
    assert first.cursor.day == "2024-10-04"
    assert ("2024-10-04", str(first.cursor)) in log.tables.rows["Feed"]
    assert log.feed().after(None, 10) == [first]
    second = log.write(log.feed(3), 1, writer="00000002")
    assert log.feed().after(None, 10) == [first, second]


def test_a_process_lists_a_day_once_before_its_first_row() -> None:
    log, marks = Log(), []
    feed = log.feed(2)
    log.tables.watchers.append(lambda _table, _before, after: marks.append(after["Day"]["S"]))
    for ms in range(3):
        log.write(feed, ms)
    assert marks == ["days", *["2024-10-04"] * 3]


@pytest.mark.parametrize("partitions", [1, 4])
def test_reading_the_newest_row_takes_one_query_per_partition_of_its_day(partitions: int) -> None:
    log = Log()
    feed = log.feed(partitions)
    for ms in range(1_000):
        log.write(feed, ms, WRITERS[ms % len(WRITERS)])
    newest = log.write(log.feed(partitions), 90 * DAY_MS)  # after three idle months
    assert log.feed().newest() == newest.cursor
    assert len(log.queries) == 1 + partitions


def test_after_reads_only_what_was_requested() -> None:
    log = Log()
    feed = log.feed()
    rows = [log.write(feed, ms * DAY_MS // 4) for ms in range(40)]
    assert log.feed().after(rows[0].cursor, 3) == rows[1:4]
    assert log.queries == ["days", "2024-10-04"]


def test_pages_of_all_partitions_are_read_on_demand() -> None:
    log = Log()
    feed = log.feed(3)
    for ms in range(900):
        log.write(feed, ms, WRITERS[ms % 3])
    assert list(islice(log.feed().since(0), 10)) == log.arrivals[:10]
    assert len(log.queries) == 1 + 3
    assert list(log.feed().since(0)) == log.arrivals
