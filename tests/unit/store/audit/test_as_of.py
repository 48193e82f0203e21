"""A product's past state is what the last entry up to then left; otherwise the error says why."""

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


@pytest.fixture(params=[25, 1], autouse=True)
def _near(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each moment is also searched for, as in a long history."""
    monkeypatch.setattr(chain_reader, "_NEAR", request.param)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(
    number: int, seconds: float, was: int | None, left: int | None, **fields: Any
) -> ChangeEvent:
    """The event of a change of stock; None: no item."""
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
    """One product's history in an in-memory table, and the number of its reads."""

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
        self.reads = 0
        self.right = self.tables.query
        self.tables.query = self._query

    def _query(self, **request: Any) -> Any:
        self.reads += 1
        return self.right(**request)

    def stock(self, seconds: float) -> int | None:
        return self.past.product("P1", at(seconds)).stock

    def refuses(self, seconds: float, error: type[Exception], says: str | None = None) -> None:
        with pytest.raises(error, match=says):
            self.past.product("P1", at(seconds))


def test_the_state_at_a_moment_is_that_after_the_last_change_before_it() -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 4), event(3, 20, 4, 3), event(4, 30, 3, 9))
    assert [shelf.stock(s) for s in (10, 19.999, 20, 29, 30, 9999)] == [5, 5, 3, 3, 9, 9]


def test_times_within_a_second_are_compared_exactly() -> None:
    """As text, `12:00:10Z` sorts after `12:00:10.500Z`."""
    shelf = Shelf(event(1, 10, None, 5), event(2, 10.5, 5, 4))
    assert [shelf.stock(s) for s in (10, 10.499, 10.5)] == [5, 5, 4]


def test_before_its_history_a_product_is_not_found() -> None:
    Shelf(event(1, 10, None, 5)).refuses(9, ProductNotFound, r"begins at 2026-11-03T12:00:10Z")
    Shelf().refuses(9, ProductNotFound, "No product with this id is known")


def test_before_the_oldest_retained_entry_the_past_is_not_kept() -> None:
    Shelf(event(5, 10, 6, 5)).refuses(9, PastNotKept, "the product is older")


def test_a_baseline_begins_a_history() -> None:
    found = event(1, 10, None, 5, kind="reconciled")
    Shelf(found).refuses(9, ProductNotFound, "begins")
    assert Shelf(found).stock(11) == 5


@pytest.mark.parametrize("kind", ["deleted", "expired"])
def test_between_deletion_and_reinsertion_a_product_is_gone(kind: str) -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, None, kind=kind), event(3, 30, None, 7))
    shelf.refuses(20, ProductGone)
    shelf.refuses(29, ProductGone)
    assert (shelf.stock(19), shelf.stock(30)) == (5, 7)


def test_a_delete_mark_changes_nothing_and_is_not_shown() -> None:
    marked = marked_for_deletion(an_item(Stock=5))
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 5, kind="internal", after=marked))
    product = shelf.past.product("P1", at(25))
    assert (product.stock, product.attributes) == (5, {})


def test_a_gap_s_after_image_is_the_state_from_its_time() -> None:
    first = event(1, 10, None, 5)
    gap = event(2, 20, 5, 3, kind="gap", event_key=successor(first.event_key, "g"))
    shelf = Shelf(first, gap)
    assert (shelf.stock(19), shelf.stock(20)) == (5, 3)
    none_found = event(2, 20, 5, None, event_name="INSERT", kind="gap", event_key=gap.event_key)
    Shelf(first, none_found).refuses(20, ProductGone)


def test_a_reconciled_entry_counts_unless_it_is_void() -> None:
    first = event(1, 10, None, 5)
    found = event(2, 40, 5, 3, kind="reconciled", event_key=successor(first.event_key, "r"))
    assert Shelf(first, found).stock(50) == 3
    gone = event(2, 40, 5, None, kind="reconciled", event_key=found.event_key)
    Shelf(first, gone).refuses(50, ProductGone)
    # The record that was late arrives, and then another one.
    late = [event(2, 35, 5, 4), event(3, 60, 4, 3)]
    assert [Shelf(first, found, *late).stock(s) for s in (34, 36, 50, 60)] == [5, 4, 4, 3]
    second = event(3, 50, 3, 2, kind="reconciled", event_key=successor(found.event_key, "r"))
    assert [Shelf(first, found, second, late[0]).stock(s) for s in (34, 51)] == [5, 4]
    assert Shelf(first, found, second, event(2, 55, 5, 4)).stock(51) == 5
    # With a clock ahead, the record seems later than the entry that it makes void.
    assert Shelf(first, found, event(2, 45, 5, 4)).stock(41) == 5


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
def test_without_new_images_only_deletions_are_known(view: str) -> None:
    shelf = Shelf(
        event(1, 10, None, None, view_type=view, event_name="INSERT", kind="inserted"),
        event(2, 20, 5, None, view_type=view),
    )
    shelf.refuses(15, PastNotKept, "2026-11-03T12:00:10Z is not stored")
    shelf.refuses(25, ProductGone)


def test_new_images_alone_are_sufficient() -> None:
    fields = {"view_type": "NEW_IMAGE", "before": None, "event_name": "MODIFY", "kind": "updated"}
    assert Shelf(event(1, 10, None, 5, **fields)).stock(11) == 5


def test_omitted_images_are_not_kept_but_a_deletion_is_known() -> None:
    shelf = Shelf(event(1, 10, None, 5), event(2, 20, 5, 4), event(3, 30, 4, None), omitted=[1, 2])
    assert shelf.stock(19) == 5
    shelf.refuses(20, PastNotKept, "too large")
    shelf.refuses(30, ProductGone)


def test_cost_does_not_grow_with_the_number_of_changes_since() -> None:
    reads = {}
    for length in (100, 1600):
        shelf = Shelf(*(event(n, n, n, n + 1) for n in range(1, length)))
        assert shelf.stock(length // 3) == length // 3 + 1
        reads[length] = shelf.reads
    assert reads[1600] <= reads[100] + 12, "four halvings more, of three reads at most"


def test_entries_without_end_around_a_moment_are_searched_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain_reader, "_NEAR", 2)
    first = event(1, 10, None, 5)
    keys = [f"{first.event_key}~g{n:04d}" for n in range(99)]
    shelf = Shelf(first, *(event(1, 30, 5, 5, kind="gap", event_key=key) for key in keys))
    shelf.refuses(20, PastOutOfReach, "Page through it")
    assert shelf.reads < 20


def test_the_id_of_a_shard_s_gaps_is_not_a_product() -> None:
    shelf = Shelf(event(1, 10, None, 5, product_id="\0shard#1"))
    with pytest.raises(ProductNotFound):
        shelf.past.product("\0shard#1", at(11))
    assert shelf.reads == 0
