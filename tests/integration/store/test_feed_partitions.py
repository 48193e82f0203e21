"""Three writers fill three partitions of a day in a real store; readers see one order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.item import DEFAULT_NAMES
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.table_names import TableNames, table_names
from app.store.dynamodb.tables import ensure_tables
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from app.store.timeline.timeline import Timeline
from tests.support.builders import an_event

WRITERS, BATCHES = 3, 20


class Shelf:
    """A deployment's tables, and the parts of its writers."""

    def __init__(self, clients: Clients, names: TableNames) -> None:
        self.clients, self.names = clients, names

    def feed(self, partitions: int = WRITERS) -> Feed:
        return Feed(self.clients.tables, self.names.feed, partitions=partitions)

    def clock(self, number: int) -> SharedClock:
        """A clock whose writer uses partition `number` of three."""
        row = ClockRow(self.clients.tables, self.names.checkpoints, "test")
        while True:
            clock = SharedClock(row)
            if int(clock.stamp().writer, 16) % WRITERS == number:
                return clock

    def audit(
        self, clock: SharedClock, feed: Feed, stamp: Callable[[], Cursor] | None = None
    ) -> AuditRepository:
        signer = Signer("k", b"k" * 32)
        tables = self.clients.tables
        return AuditRepository(tables, self.names.audit, feed, signer, stamp or clock.stamp, clock)


@pytest.fixture
def shelf(endpoint: str, tmp_path: Path) -> Shelf:
    clients, names = connect(endpoint), table_names(f"{tmp_path.name[-40:]}-", None)
    ensure_tables(clients.tables, names, DEFAULT_NAMES)
    return Shelf(clients, names)


def test_readers_merge_the_rows_of_three_concurrent_writers(shelf: Shelf) -> None:
    def write(writer: int) -> list[Arrived]:
        audit = shelf.audit(shelf.clock(writer), shelf.feed())
        arrived: list[Arrived] = []
        for number in range(BATCHES):
            first = 1 + 2 * (writer * BATCHES + number)
            events = [an_event(first + n, product_id=f"P{writer}") for n in range(2)]
            arrived += audit.append(events).arrived
        return arrived

    with ThreadPoolExecutor(WRITERS) as threads:
        arrived = [pair for pairs in threads.map(write, range(WRITERS)) for pair in pairs]
    expected = sorted(cursor for cursor, _ in arrived)
    rows = [cursor for cursor in expected if cursor.n == 0]
    reader = shelf.feed(1)
    partitions = {
        item["Day"]["S"].partition("#")[2]
        for item in shelf.clients.tables.scan(TableName=shelf.names.feed)["Items"]
        if item["Day"]["S"] != "days"
    }
    assert partitions == {"", "1", "2"}
    assert [arrival.cursor for arrival in reader.since(0)] == expected
    assert [arrival.cursor for arrival in reader.before(None)] == expected[::-1]
    middle = rows[len(rows) // 2]
    assert [row.cursor for row in reader.after(middle, 7)] == [r for r in rows if r > middle][:7]
    assert [a.cursor for a in reader.before(middle)] == [c for c in expected if c < middle][::-1]
    assert (reader.newest(), reader.newest_ms()) == (rows[-1], rows[-1].ms)

    page = Timeline(reader, shelf.audit(shelf.clock(0), reader)).after(str(rows[0]), 500)
    assert [cursor for cursor, _ in page.items] == expected[1:]


def test_a_product_s_stamps_rise_across_writers(shelf: Shelf) -> None:
    clocks = [shelf.clock(number) for number in range(WRITERS)]
    stamps: list[Cursor] = []
    for turn in range(12):
        clock = clocks[turn % WRITERS]
        clock.raise_past_row()
        stamps += [clock.stamp() for _ in range(5)]
    assert stamps == sorted(set(stamps))


def test_a_delayed_gap_is_committed_with_a_new_stamp(shelf: Shelf) -> None:
    slow, row = shelf.clock(0), ClockRow(shelf.clients.tables, shelf.names.checkpoints, "test")
    late = slow.stamp()
    stamps = iter([late])
    audit = shelf.audit(slow, shelf.feed(), lambda: next(stamps, None) or slow.stamp())
    row.add(9_000)
    arrived = audit.append_if_absent(an_event(1, kind="gap", note="missing"))
    assert arrived is not None
    assert arrived[0].ms > late.ms + 9_000 - 2_000
    assert [row.cursor for row in shelf.feed().after(None, 10)] == [arrived[0]]
