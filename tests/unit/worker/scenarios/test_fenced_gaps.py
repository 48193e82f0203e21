"""A gap is written only under the lease that it was found under; without one, its key is unique.

These tests use an in-memory DynamoDB with transactions.
"""

import threading
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, LeaseLost, Leases
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import STREAM_ARN, an_item, as_boto3, modified
from tests.support.fakes.fake_tables import FakeTables
from worker.continuity.gaps import ChainGuard, Gaps
from worker.effects.audit_writer import ChainEntries
from worker.hosts.in_process import NEW_STREAM
from worker.stream.decode import decode

STATES = [an_item(Stock=stock) for stock in range(10)]
SHARD = (STREAM_ARN, "s1")


def change(number: int, before: int) -> ChangeEvent:
    record = modified(STATES[before], STATES[before + 1], sequence_number=str(number))
    return decode(as_boto3(record), STREAM_ARN)


class Deployment:
    """Audit, feed and leases, and the kinds of the published events."""

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
        """Take the shard's lease from its current owner, if any."""
        taken = self.leases.take(SHARD, owner, self.seen)
        assert taken is not None
        self.seen = taken
        return self.leases.hold(Lease("stockpulse", *SHARD, owner, taken.counter))

    seen: Any = None

    @property
    def kinds(self) -> list[str]:
        """The kind of every audit entry."""
        return [row["Kind"]["S"] for row in self.tables.rows["ProductEvents"].values()]

    @property
    def arrivals(self) -> int:
        """The number of feed rows, without the lists of days and gaps."""
        return sum(day not in {"days", "gaps"} for day, _ in self.tables.rows["Feed"])


def test_a_shard_s_gap_is_written_while_the_lease_is_held() -> None:
    deployment = Deployment()
    deployment.gaps.report("s1", STREAM_ARN, "7", "trimmed", deployment.hold("ada"))
    assert (deployment.kinds, deployment.arrivals, deployment.published) == (["gap"], 1, ["gap"])


def test_a_worker_that_lost_the_shard_writes_no_shard_gap() -> None:
    """It was paused at 7. Its successor continued, and records after 7 were trimmed much later."""
    deployment = Deployment()
    ada = deployment.hold("ada")
    deployment.hold("bob")
    with pytest.raises(LeaseLost):
        deployment.gaps.report("s1", STREAM_ARN, "7", "trimmed", ada)
    assert (deployment.kinds, deployment.arrivals, deployment.published) == ([], 0, [])


def test_a_worker_that_lost_the_shard_writes_no_product_gap_and_no_record() -> None:
    deployment = Deployment()
    ada = deployment.hold("ada")
    guard = ChainGuard(deployment.gaps, Retry(threading.Event()), ada)

    def accept(events: Any) -> Appended:
        return deployment.audit.append(events)

    guard.accept([change(1, before=0)], accept)
    deployment.hold("bob")
    with pytest.raises(LeaseLost):
        guard.accept([change(9, before=5)], accept)
    assert deployment.kinds == ["stock_changed"]


def test_a_gap_that_the_successor_also_reports_is_written_once() -> None:
    deployment = Deployment()
    ada, bob = deployment.hold("ada"), deployment.hold("bob")
    deployment.gaps.report("s1", STREAM_ARN, "7", "trimmed", bob)
    deployment.gaps.report("s1", STREAM_ARN, "7", "trimmed", ada)
    assert (deployment.kinds, deployment.arrivals) == (["gap"], 1)


def test_two_workers_that_find_a_new_stream_together_write_one_gap() -> None:
    """The gap belongs to no shard, so no lease guards it; its key is the same for all workers."""
    deployment, others = Deployment(), []
    right = deployment.audit.append_if_absent

    def both_at_once(event: ChangeEvent, hold: Hold | None = None) -> Arrived | None:
        others.append(right(event, hold))  # the other worker's call, just before ours
        return right(event, hold)

    deployment.audit.append_if_absent = both_at_once  # type: ignore[method-assign]
    deployment.gaps.report(NEW_STREAM, STREAM_ARN, None, "replaced")
    assert others != [None]
    assert (deployment.kinds, deployment.arrivals, deployment.published) == (["gap"], 1, [])


def test_a_late_gap_is_not_published_after_its_lease_is_lost() -> None:
    """The entry and feed row are written: web processes find them at the next read of the feed."""
    deployment = Deployment()
    ada = deployment.hold("ada")
    moments = iter([0.0, 6.0, 6.0])

    def late() -> float:
        if (now := next(moments)) > 0:
            deployment.hold("bob")
        return now

    gaps = Gaps(
        deployment.audit, ChainEntries(deployment.audit, deployment.publish, monotonic=late)
    )
    with pytest.raises(LeaseLost):
        gaps.report("s1", STREAM_ARN, "7", "trimmed", ada)
    assert (deployment.kinds, deployment.arrivals, deployment.published) == (["gap"], 1, [])
