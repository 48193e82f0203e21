"""Gaps of products and of shards are listed together, newest first, by one bounded read."""

from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.timeline.newest_gaps import NewestGaps
from tests.support.builders import an_event
from tests.support.fakes.fake_tables import FakeTables

Repository = tuple[AuditRepository, NewestGaps, list[str]]


@pytest.fixture
def repository() -> Repository:
    """An audit, its newest gaps, and the ids of the products whose entries were read."""
    tables: Any = FakeTables(
        {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}
    )
    feed = Feed(tables, "Feed")
    audit = AuditRepository(
        tables, "ProductEvents", feed, Signer("k", b"k" * 32), CursorClock(0).stamp
    )
    read: list[str] = []
    right = tables.batch_get_item

    def recorded(*, RequestItems: Any) -> Any:  # noqa: N803 - as boto3 names it
        read.extend(key["ProductID"]["S"] for key in RequestItems["ProductEvents"]["Keys"])
        return right(RequestItems=RequestItems)

    tables.batch_get_item = recorded
    return audit, NewestGaps(feed, audit), read


def a_gap(number: int, **fields: Any) -> ChangeEvent:
    return an_event(number, kind="gap", note="missing", **fields)


def test_gaps_come_newest_first_without_other_events(repository: Repository) -> None:
    audit, newest, _ = repository
    audit.append_if_absent(a_gap(1, product_id="P1"))
    audit.append([an_event(number) for number in range(2, 20)])
    audit.append_if_absent(an_event(20, kind="reconciled"))
    audit.append_if_absent(a_gap(21, product_id="\0shard#s1"))
    assert [event.product_id for event in newest(50)] == ["\0shard#s1", "P1"]


def test_at_most_the_requested_number_is_read(repository: Repository) -> None:
    audit, newest, read = repository
    for number in range(1, 9):
        audit.append_if_absent(a_gap(number, product_id=f"P{number}"))
    assert [event.product_id for event in newest(3)] == ["P8", "P7", "P6"]
    assert sorted(read) == ["P6", "P7", "P8"]


def test_an_entry_is_read_once(repository: Repository) -> None:
    audit, newest, read = repository
    audit.append_if_absent(a_gap(1, product_id="P1"))
    assert newest(50) == newest(50)
    audit.append_if_absent(a_gap(2, product_id="P2"))
    assert [event.product_id for event in newest(50)] == ["P2", "P1"]
    assert read == ["P1", "P2"]
