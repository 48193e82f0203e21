"""A product's past is what the last entry by then left: told whole, or refused with the reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.errors import PastNotKept, PastOutOfReach, ProductGone, ProductNotFound
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.store.audit import chain_reader
from app.store.audit.as_of import Past
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import successor
from app.store.audit.entry import ImageForm, Signer
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import NOON, an_event, an_item, marked_for_deletion
from tests.support.fakes.fake_tables import FakeTables

SIGNER = Signer("k", b"k" * 32)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(
    number: int, seconds: float, was: int | None, left: int | None, **fields: Any
) -> ChangeEvent:
    """A record of a change of stock; None: no item."""
    name = "INSERT" if was is None else "REMOVE" if left is None else "MODIFY"
    kind = {"INSERT": "inserted", "REMOVE": "deleted", "MODIFY": "stock_changed"}[name]
    values = {
        "kind": kind,
        "event_name": name,
        "occurred_at": at(seconds),
        "before": None if was is None else an_item(Stock=was),
        "after": None if left is None else an_item(Stock=left),
    }
    return an_event(number, **values | fields)


class Shelf:
    """One product's history in an in-memory table, and how many pages of it were read."""

    def __init__(self, *events: ChangeEvent, omitted: Sequence[int] = ()) -> None:
        self.tables: Any = FakeTables(
            {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}
        )
        feed = Feed(self.tables, "Feed")
        audit = AuditRepository(self.tables, "ProductEvents", feed, SIGNER, CursorClock(0).stamp)
        for number, one in enumerate(events):
            form = ImageForm.OMITTED if number in omitted else ImageForm.PLAIN
            self.tables.put_item(TableName="ProductEvents", Item=SIGNER.entry(one, form))
        self.past = Past(audit, DEFAULT_NAMES)
        self.limits: list[int] = []
        self.right = self.tables.query
        self.tables.query = self._query

    def _query(self, **request: Any) -> Any:
        """A page of a moment's search has one entry, so that every history has many."""
        self.limits.append(request["Limit"])
        return self.right(**request | ({"Limit": 1} if "FilterExpression" in request else {}))

    def stock(self, seconds: float) -> int | None:
        return self.past.product("P1", at(seconds)).stock

    def refuses(self, seconds: float, error: type[Exception], says: str | None = None) -> None:
        with pytest.raises(error, match=says):
            self.past.product("P1", at(seconds))


def test_each_moment_has_what_the_last_change_by_then_left() -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 4), event(3, 20, 4, 3), event(4, 30, 3, 9))
    assert [shelf.stock(s) for s in (10, 19.999, 20, 29, 30, 9999)] == [5, 5, 3, 3, 9, 9]


def test_times_of_one_second_are_told_apart_where_they_can_be() -> None:
    """As text `12:00:10Z` sorts behind `12:00:10.500Z`."""
    shelf = Shelf(event(1, 10, None, 5), event(2, 10.5, 5, 4))
    assert [shelf.stock(s) for s in (10, 10.499, 10.5)] == [5, 5, 4]


def test_before_its_history_nothing_was_known() -> None:
    Shelf(event(1, 10, None, 5)).refuses(9, ProductNotFound, r"begins at 2026-11-03T12:00:10Z")
    Shelf().refuses(9, ProductNotFound, "Nothing is known")


def test_before_what_retention_left_of_it_the_past_is_not_kept() -> None:
    Shelf(event(5, 10, 6, 5)).refuses(9, PastNotKept, "it was there before")


def test_a_baseline_begins_a_history() -> None:
    found = event(1, 10, None, 5, kind="reconciled")
    Shelf(found).refuses(9, ProductNotFound, "begins")
    assert Shelf(found).stock(11) == 5


@pytest.mark.parametrize("kind", ["deleted", "expired"])
def test_between_deletion_and_return_it_was_gone(kind: str) -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, None, kind=kind), event(3, 30, None, 7))
    shelf.refuses(20, ProductGone)
    shelf.refuses(29, ProductGone)
    assert (shelf.stock(19), shelf.stock(30)) == (5, 7)


def test_a_mark_of_deletion_changes_nothing_and_is_not_shown() -> None:
    marked = marked_for_deletion(an_item(Stock=5))
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 5, kind="internal", after=marked))
    product = shelf.past.product("P1", at(25))
    assert (product.stock, product.attributes) == (5, {})


def test_a_gap_says_what_the_next_record_found() -> None:
    first = event(1, 10, None, 5)
    gap = event(2, 20, 5, 3, kind="gap", event_key=successor(first.event_key, "g"))
    shelf = Shelf(first, gap)
    assert (shelf.stock(19), shelf.stock(20)) == (5, 3)
    none_found = event(2, 20, 5, None, event_name="INSERT", kind="gap", event_key=gap.event_key)
    Shelf(first, none_found).refuses(20, ProductGone)


def test_what_was_found_in_the_table_counts_unless_it_is_void() -> None:
    first = event(1, 10, None, 5)
    found = event(2, 40, 5, 3, kind="reconciled", event_key=successor(first.event_key, "r"))
    assert Shelf(first, found).stock(50) == 3
    gone = event(2, 40, 5, None, kind="reconciled", event_key=found.event_key)
    Shelf(first, gone).refuses(50, ProductGone)
    # The record that it was ahead of came after all, and then another.
    late = [event(2, 35, 5, 4), event(3, 60, 4, 3)]
    assert [Shelf(first, found, *late).stock(s) for s in (34, 36, 50, 60)] == [5, 4, 4, 3]
    second = event(3, 50, 3, 2, kind="reconciled", event_key=successor(found.event_key, "r"))
    assert [Shelf(first, found, second, late[0]).stock(s) for s in (34, 51)] == [5, 4]
    assert Shelf(first, found, second, event(2, 55, 5, 4)).stock(51) == 5
    # By a clock that is ahead, the record seems later than what it makes void.
    assert Shelf(first, found, event(2, 45, 5, 4)).stock(41) == 5


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
def test_a_view_without_new_images_keeps_deletions_alone(view: str) -> None:
    shelf = Shelf(
        event(1, 10, None, None, view_type=view, event_name="INSERT", kind="inserted"),
        event(2, 20, 5, None, view_type=view),
    )
    shelf.refuses(15, PastNotKept, "2026-11-03T12:00:10Z left is not kept")
    shelf.refuses(25, ProductGone)


def test_new_images_suffice() -> None:
    fields = {"view_type": "NEW_IMAGE", "before": None, "event_name": "MODIFY", "kind": "updated"}
    assert Shelf(event(1, 10, None, 5, **fields)).stock(11) == 5


def test_images_too_large_are_not_kept_and_a_deletion_among_them_is_known() -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 4), event(3, 30, 4, None), omitted=[1, 2])
    assert shelf.stock(19) == 5
    shelf.refuses(20, PastNotKept, "too large")
    shelf.refuses(30, ProductGone)


def test_a_long_history_is_looked_through_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_reader, "PAGES", 3)
    shelf = Shelf(*(event(n, n, n, n + 1) for n in range(1, 9)))
    assert [shelf.stock(s) for s in (8, 7, 6)] == [9, 8, 7]
    shelf.limits.clear()
    shelf.refuses(5, PastOutOfReach, "/events")
    assert shelf.limits == [25, 100, 400]


def test_the_names_of_lost_shards_are_no_products() -> None:
    shelf = Shelf(event(1, 10, None, 5, product_id="\0shard#1"))
    with pytest.raises(ProductNotFound):
        shelf.past.product("\0shard#1", at(11))
    assert shelf.limits == []
