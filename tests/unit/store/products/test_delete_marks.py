"""Before a delete the item is marked with who deletes it; the product stays as it is."""

from typing import Any

import pytest

from app.store.products.expressions import mark_delete, unmark
from app.store.products.model import Stamp, product_of
from tests.support.builders import NOON, STAMPS, marked_for_deletion
from tests.unit.store.products.requests import (
    BARE,
    FULL,
    ITEM,
    OUTSIDE,
    applied,
    assert_valid,
    holds,
    written,
)


@pytest.mark.parametrize("item", [ITEM, OUTSIDE])
@pytest.mark.parametrize("stamp", [BARE, FULL])
def test_a_delete_mark_does_not_change_etag_or_version(item: Any, stamp: Stamp) -> None:
    request, marked = mark_delete(item, stamp, NOON, STAMPS)
    assert applied(item, request) == marked
    assert written(request) == {"Stockpulse"}
    assert product_of(marked) == product_of(item)
    assert product_of(marked).etag == product_of(item).etag
    mark = STAMPS.proved_mark(marked)
    assert mark is not None
    assert (mark.actor, mark.request_id, mark.at) == ("ada", "r-2", "2026-11-03T12:00:00Z")
    assert mark.reason == stamp.reason
    assert_valid(request)


def test_a_delete_mark_replaces_one_left_by_a_crash() -> None:
    left = marked_for_deletion(ITEM, actor="bob")
    request, marked = mark_delete(left, BARE, NOON, STAMPS)
    assert holds(left, request)
    mark = STAMPS.proved_mark(marked)
    assert mark is not None
    assert (mark.actor, mark.reason) == ("ada", None)


@pytest.mark.parametrize("item", [ITEM, OUTSIDE])
def test_a_delete_mark_is_removed_only_by_its_own_request(item: Any) -> None:
    marked = marked_for_deletion(item, request_id="r-9")
    request = unmark(marked, STAMPS)
    assert applied(marked, request) == item
    assert holds(marked, request)
    assert not holds(marked_for_deletion(item, request_id="r-8"), request)
    assert not holds(item, request)
    assert not holds({}, request)
    assert_valid(request)
