"""A difference leads to an entry only if two checks find it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames, digest
from app.store.audit.chain import is_baseline, link_of
from app.store.audit.entry import event_of
from app.store.audit.verification import check_entries
from tests.support.builders import (
    LABEL,
    NOON,
    an_event,
    an_item,
)
from tests.unit.worker.reconcile.looking import KEYS, SIGNER, checked, found
from worker.reconcile.decision import (
    AGAIN,
    baseline_of,
    decide,
    found_in_table,
)

SOLD = an_event(1)
OTHER = an_item(ProductName="Blue mug", Stock=4, Category="Bath")


def test_equal_states_do_not_differ() -> None:
    assert not checked(SOLD, SOLD.after).differs
    assert not checked(None, None).differs
    assert not checked(replace(SOLD, after=None, event_name="REMOVE"), None).differs


@pytest.mark.parametrize(
    ("head", "live"), [(SOLD, OTHER), (SOLD, None), (None, OTHER)], ids=["other", "gone", "new"]
)
def test_a_difference_that_persists_is_written(head: ChangeEvent | None, live: Any) -> None:
    assert decide(checked(head, live), checked(head, live), NOON) == "write"


def test_a_difference_that_disappears_is_ignored() -> None:
    assert decide(checked(SOLD, OTHER), checked(SOLD, SOLD.after), NOON) == "equal"
    assert decide(checked(None, OTHER), checked(replace(SOLD, after=OTHER), OTHER), NOON) == "equal"


def test_a_difference_that_changes_is_checked_again() -> None:
    assert decide(checked(SOLD, OTHER), checked(SOLD, an_item(Stock=3)), NOON) == "moving"
    assert decide(checked(SOLD, OTHER), checked(an_event(2), OTHER), NOON) == "moving"


def test_a_product_that_vanished_without_a_record_yet_is_checked_again() -> None:
    assert decide(checked(None, OTHER), checked(None, None), NOON) == "moving"
    assert decide(checked(None, OTHER), checked(replace(SOLD, after=None), None), NOON) == "equal"


def test_a_product_is_reconciled_at_most_once_in_ten_minutes() -> None:
    entry = found(SOLD, OTHER)
    seen = checked(entry, None)
    assert decide(seen, seen, NOON + AGAIN - timedelta(seconds=1)) == "too soon"
    assert decide(seen, seen, NOON + AGAIN) == "write"


@pytest.mark.parametrize("view", ["OLD_IMAGE", "KEYS_ONLY"])
def test_without_new_images_only_a_product_without_entries_differs(view: str) -> None:
    assert not checked(replace(SOLD, view_type=view, after=None), OTHER).differs
    assert checked(None, OTHER).differs


def test_new_images_alone_can_be_compared() -> None:
    head = replace(SOLD, view_type="NEW_IMAGE", before=None)
    assert not checked(head, head.after).differs
    assert checked(head, OTHER).differs


def test_an_entry_holds_the_audited_state_and_the_found_state() -> None:
    entry = found(SOLD, OTHER)
    assert (entry.kind, entry.event_key) == ("reconciled", f"{SOLD.event_key}~r0000")
    assert (entry.before, entry.after) == (SOLD.after, OTHER)
    assert (entry.stock_before, entry.stock_after, entry.delta) == (9, 4, None)
    assert entry.changed == ("Category", "Stock")
    assert (entry.actor, entry.request_id, entry.event_name) == (None, None, "MODIFY")
    assert event_of(SIGNER.entry(entry)) == entry


def test_an_entry_has_category_and_unit_under_the_table_s_own_names() -> None:
    names = AttributeNames(category="Department", unit="Measure")
    live = an_item(Stock=4, Department="Bath", Measure="kg")
    entry = found_in_table("P1", None, live, LABEL, NOON, names)
    assert (entry.category, entry.unit) == ("Bath", "kg")


def test_an_entry_for_a_deleted_product_has_no_new_image() -> None:
    entry = found(SOLD, None)
    assert (entry.after, entry.event_name, entry.product_name) == (None, "REMOVE", "Blue mug")


def test_a_history_can_begin_with_a_found_state() -> None:
    entry = found(None, OTHER)
    assert is_baseline(entry.event_key)
    assert (entry.before, entry.event_name, entry.sequence_number) == (None, "INSERT", "0")
    assert check_entries("P1", [SIGNER.entry(entry)], KEYS).findings == []


def test_the_next_entry_has_the_next_number() -> None:
    assert found(found(SOLD, OTHER), None).event_key == f"{SOLD.event_key}~r0001"


def test_after_an_entry_with_omitted_images_the_old_image_is_unknown() -> None:
    entry = found(replace(SOLD, before=None, after=None, images_omitted=True), OTHER)
    assert (entry.images_omitted, entry.event_name) == (True, "MODIFY")
    assert link_of(SIGNER.entry(entry)).after == digest(OTHER)


def test_a_first_record_that_is_no_insert_gives_the_baseline() -> None:
    baseline = baseline_of(SOLD, DEFAULT_NAMES)
    assert baseline is not None
    assert is_baseline(baseline.event_key)
    assert (baseline.before, baseline.after) == (None, SOLD.before)
    chain = [SIGNER.entry(event) for event in (baseline, SOLD)]
    assert check_entries("P1", chain, KEYS).findings == []
    for needless in (replace(SOLD, before=None), baseline, replace(SOLD, view_type="NEW_IMAGE")):
        assert baseline_of(needless, DEFAULT_NAMES) is None
