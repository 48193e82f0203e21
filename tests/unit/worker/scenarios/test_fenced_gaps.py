"""A gap rests on the lease that it was found under; one that is under none is told once by its key.

Over an in-memory DynamoDB with transactions.
"""

import threading
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.leases import Hold, Lease, LeaseLost, Leases
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import STREAM_ARN, an_item, as_boto3, modified
from tests.support.fakes.fake_tables import FakeTables
from worker.continuity.chain_entries import ChainEntries
from worker.continuity.gaps import ChainGuard, Gaps
from worker.hosts.stream_reading import NEW_STREAM
from worker.stream.decode import decode

STATES = [an_item(Stock=stock) for stock in range(10)]
SHARD = (STREAM_ARN, "s1")


def change(number: int, before: int) -> ChangeEvent:
    record = modified(STATES[before], STATES[before + 1], sequence_number=str(number))
    return decode(as_boto3(record), STREAM_ARN)


class House:
    """Audit, feed and leases, and what was published."""

    def __init__(self) -> None:
        self.tables: Any = FakeTables(
            {
                "ProductEvents": ("ProductID", "EventKey"),
                "Feed": ("Day", "Cursor"),
                "StreamCheckpoints": ("Consumer", "Shard"),
            }
        )
        feed = Feed(self.tables, "Feed")
        stamp = CursorClock(0).stamp
        self.audit = AuditRepository(
            self.tables, "ProductEvents", feed, Signer("k", b"k" * 32), stamp
        )
        self.leases = Leases(self.tables, "StreamCheckpoints", "stockpulse")
        self.published: list[str] = []
        self.gaps = Gaps(self.audit, ChainEntries(self.audit, self.publish))

    def publish(self, arrived: list[Arrived], hold: Hold | None = None) -> None:
        self.published += [event.kind for _, event in arrived]

    def hold(self, owner: str) -> Hold:
        """A take of the shard, whoever has it."""
        taken = self.leases.take(SHARD, owner, self.seen)
        assert taken is not None
        self.seen = taken
        return self.leases.hold(Lease("stockpulse", *SHARD, owner, taken.counter))

    seen: Any = None

    @property
    def kinds(self) -> list[str]:
        """Every entry of the audit."""
        return [row["Kind"]["S"] for row in self.tables.rows["ProductEvents"].values()]

    @property
    def arrivals(self) -> int:
        """Rows of the feed, its lists aside."""
        return sum(day not in {"days", "gaps"} for day, _ in self.tables.rows["Feed"])


def test_a_shard_s_gap_is_written_while_the_lease_is_held() -> None:
    house = House()
    house.gaps.report("s1", STREAM_ARN, "7", "trimmed", house.hold("ada"))
    assert (house.kinds, house.arrivals, house.published) == (["gap"], 1, ["gap"])


def test_a_worker_that_lost_the_shard_writes_none_of_what_it_takes_for_a_gap() -> None:
    """It slept at 7; its successor read on, and what followed 7 was trimmed long after."""
    house = House()
    of_ada = house.hold("ada")
    house.hold("bob")
    with pytest.raises(LeaseLost):
        house.gaps.report("s1", STREAM_ARN, "7", "trimmed", of_ada)
    assert (house.kinds, house.arrivals, house.published) == ([], 0, [])


def test_nor_a_product_s_nor_the_record_behind_it() -> None:
    house = House()
    of_ada = house.hold("ada")
    guard = ChainGuard(house.gaps, Retry(threading.Event()), of_ada)

    def accept(events: Any) -> Appended:
        return house.audit.append(events)

    guard.accept([change(1, before=0)], accept)
    house.hold("bob")
    with pytest.raises(LeaseLost):
        guard.accept([change(9, before=5)], accept)
    assert house.kinds == ["stock_changed"]


def test_a_gap_that_its_successor_told_stands_once() -> None:
    house = House()
    of_ada, of_bob = house.hold("ada"), house.hold("bob")
    house.gaps.report("s1", STREAM_ARN, "7", "trimmed", of_bob)
    house.gaps.report("s1", STREAM_ARN, "7", "trimmed", of_ada)
    assert (house.kinds, house.arrivals) == (["gap"], 1)


def test_a_new_stream_is_told_once_by_two_workers_that_see_it_at_one_moment() -> None:
    """It is no shard's, so no lease guards it: its key is the same whoever writes it."""
    house, others = House(), []
    right = house.audit.append_if_absent

    def both_at_once(event: ChangeEvent, hold: Hold | None = None) -> Arrived | None:
        others.append(right(event, hold))  # the other worker's, a moment before ours
        return right(event, hold)

    house.audit.append_if_absent = both_at_once  # type: ignore[method-assign]
    house.gaps.report(NEW_STREAM, STREAM_ARN, None, "made anew")
    assert others != [None]
    assert (house.kinds, house.arrivals, house.published) == (["gap"], 1, [])


def test_a_lease_that_is_lost_before_it_is_published_keeps_a_late_gap_back() -> None:
    """Its entry and feed row stand: every web process's next look at the feed shows it."""
    house = House()
    of_ada = house.hold("ada")
    moments = iter([0.0, 6.0, 6.0])

    def late() -> float:
        if (now := next(moments)) > 0:
            house.hold("bob")
        return now

    gaps = Gaps(house.audit, ChainEntries(house.audit, house.publish, monotonic=late))
    with pytest.raises(LeaseLost):
        gaps.report("s1", STREAM_ARN, "7", "trimmed", of_ada)
    assert (house.kinds, house.arrivals, house.published) == (["gap"], 1, [])
