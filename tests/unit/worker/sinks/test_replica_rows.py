"""What events make of the rows of products, whatever the stream's view type shows."""

from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames
from app.filters.selection import Selection
from tests.support.builders import NOON, an_event, an_item
from worker.sinks.replica.replica_rows import Rows, instant, keeps_all, rows_of
from worker.sinks.shaping import Projection

ITEM = an_item(Stock=3, ProductName="Tea")


def rows(*events: ChangeEvent, names: AttributeNames = DEFAULT_NAMES, **current: Any) -> Rows:
    return rows_of(events, current, names, Projection(None, names), keeps_all)


def test_greatest_key_of_a_batch_sets_the_product_and_each_event_has_a_row() -> None:
    late, early = an_event(2, after=an_item(Stock=2)), an_event(1, after=an_item(Stock=1))
    found = rows(late, early)
    assert [(row["product_id"], row["stock"]) for row in found.products] == [("P1", 2)]
    assert [row["event_key"] for row in found.events] == [late.event_key, early.event_key]


@pytest.mark.parametrize(
    "changes",
    [
        {"view_type": "KEYS_ONLY", "before": None},
        {"view_type": "OLD_IMAGE"},
        {"images_omitted": True, "before": None},
        {"kind": "gap", "images_omitted": True, "before": None},
    ],
)
def test_event_without_an_image_takes_the_product_from_the_table(changes: dict[str, Any]) -> None:
    event = an_event(after=None, **changes)
    (row,) = rows(event, P1=ITEM).products
    assert (row["stock"], row["event_key"]) == (3, event.event_key)
    assert [one["product_id"] for one in rows(event).deleted] == ["P1"]


@pytest.mark.parametrize("kind", ["deleted", "expired", "reconciled"])
def test_deleted_product_keeps_its_last_image_for_its_mark(kind: Any) -> None:
    found = rows(an_event(kind=kind, before=ITEM, after=None))
    assert found.products == []
    assert [row["deleted_at"] for row in found.deleted] == [NOON]
    assert [(row["name"], row["deleted_at"]) for row in found.images] == [("Tea", NOON)]


def test_item_that_is_no_product_any_more_is_deleted() -> None:
    names = AttributeNames(selects=Selection('{"Kind": {"S": ["product"]}}'))
    before = an_item(Kind="product", Stock=4)
    found = rows(an_event(kind="deleted", before=before, after=an_item(Kind="draft")), names=names)
    assert (found.products, [row["stock"] for row in found.images]) == ([], [4])


def test_internal_changes_and_gaps_of_shards_have_no_row_of_their_own() -> None:
    gap = an_event(2, kind="gap", product_id="\0shard#1", before=None, after=None)
    found = rows(an_event(1, kind="internal", after=ITEM), gap)
    assert (found.events, len(found.products), found.deleted) == ([], 1, [])


def test_image_of_a_table_that_had_another_key_sets_no_product() -> None:
    found = rows(an_event(after={"sku": {"S": "P1"}}))
    assert (len(found.events), found.products, found.deleted) == (1, [], [])


def test_time_of_another_program_that_is_none_is_left_out() -> None:
    assert instant("2026-11-03T12:00:00Z") == NOON
    assert [instant(text) for text in (None, "yesterday", "2026-11-03T12:00:00")] == [None] * 3
