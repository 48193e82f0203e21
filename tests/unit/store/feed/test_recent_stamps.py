"""A gap or reconciled entry is committed with a recent stamp or not at all.

Readers go back 10 s from the newest stamp that they have seen, so they could miss an older one.
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from app.core.errors import StoreUnavailable
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.dynamodb import transactions
from app.store.feed.cursor import Cursor, CursorClock
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import LATE, ClockRow, SharedClock
from tests.support.builders import an_event
from tests.support.fakes.fake_tables import FakeTables

GAP = an_event(1, kind="gap", note="missing")


class Deployment:
    """One writer's audit and feed; `before_commit` runs before each transaction."""

    def __init__(self) -> None:
        self.tables: Any = FakeTables(
            {
                "ProductEvents": ("ProductID", "EventKey"),
                "Feed": ("Day", "Cursor"),
                "StreamCheckpoints": ("Consumer", "Shard"),
            }
        )
        self.row = ClockRow(self.tables, "StreamCheckpoints", "stockpulse")
        self.feed = Feed(self.tables, "Feed")
        self.clock = SharedClock(self.row)
        self.audit = self.repository(self.clock)
        self.before_commit: Callable[[], object] = lambda: None
        self.transact = self.tables.transact_write_items
        self.tables.transact_write_items = self._transact

    def repository(self, clock: SharedClock | None) -> AuditRepository:
        stamp = CursorClock(0).stamp if clock is None else clock.stamp
        signer = Signer("k", b"k" * 32)
        return AuditRepository(self.tables, "ProductEvents", self.feed, signer, stamp, clock)

    def raise_row(self, ms: int = LATE) -> None:
        """Raise the clock row, as other writers do."""
        self.row.add(ms)

    @property
    def written(self) -> list[Cursor]:
        """The stamps in the feed."""
        return [row.cursor for row in self.feed.after(None, 100)]

    def _transact(self, **request: Any) -> Any:
        self.before_commit()
        return self.transact(**request)


def once(action: Callable[[], object]) -> Callable[[], object]:
    left = [action]
    return lambda: left.pop()() if left else None


def test_an_entry_with_a_recent_stamp_is_committed_with_it() -> None:
    deployment = Deployment()
    deployment.before_commit = lambda: deployment.raise_row(LATE - 3_000)
    arrived = deployment.audit.append_if_absent(GAP)
    assert arrived is not None
    assert deployment.written == [arrived[0]]


def test_a_delayed_entry_is_stamped_again_above_other_writers_stamps() -> None:
    deployment = Deployment()
    before = deployment.clock.stamp()
    deployment.before_commit = once(deployment.raise_row)
    arrived = deployment.audit.append_if_absent(GAP)
    assert arrived is not None
    assert arrived[0].ms > before.ms + LATE
    assert deployment.written == [arrived[0]]
    assert deployment.row.read().ms < arrived[0].ms + LATE


def test_an_entry_that_is_always_late_is_not_written_and_can_be_retried() -> None:
    deployment = Deployment()
    deployment.before_commit = lambda: deployment.raise_row(2 * LATE)
    with pytest.raises(StoreUnavailable):
        deployment.audit.append_if_absent(GAP)
    assert deployment.written == []
    deployment.before_commit = lambda: None
    assert deployment.audit.append_if_absent(GAP) is not None


def test_a_single_writer_does_not_check_the_clock_row() -> None:
    deployment = Deployment()
    deployment.raise_row(ms=2**45)  # left by earlier workers
    assert deployment.repository(None).append_if_absent(GAP) is not None


def test_after_a_lost_response_a_writer_recognises_its_own_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the entry would count as another writer's, and not be published."""
    deployment = Deployment()
    monkeypatch.setattr(transactions.time, "sleep", lambda _: None)
    right, lost = deployment.transact, [True]

    def losing(**request: Any) -> Any:
        right(**request)
        if lost.pop():
            lost.append(False)
            raise ConnectionClosedError(endpoint_url="http://store")

    deployment.transact = losing
    arrived = deployment.audit.append_if_absent(GAP)
    assert arrived is not None
    assert deployment.written == [arrived[0]]
