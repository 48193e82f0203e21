"""A write sets its whole stamp, changes known attributes only, and fails after other writes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import AttributeKept, MetadataTaken
from app.core.item import DEFAULT_NAMES, AttributeNames
from app.core.keys import TEXT_KEY, KeyPart, KeySchema
from app.core.metadata import Metadata, metadata_of
from app.core.stamps import Stamps
from app.store.products.expressions import compared, mark_delete, put_new, update
from app.store.products.model import ProductDraft, Stamp, product_of
from tests.support.builders import NOON, STAMPS, marked_for_deletion, stamped
from tests.unit.store.products.requests import (
    BARE,
    FULL,
    ITEM,
    OUTSIDE,
    an_update,
    applied,
    assert_valid,
    holds,
    written,
)


def test_a_condition_holds_only_while_nothing_compared_has_changed() -> None:
    request = compared(ITEM, [("Price",), ("Stock",), ("Category",)]).request(TEXT_KEY)
    assert holds(ITEM, request)
    assert holds(ITEM | {"Shelf": {"S": "C 1"}}, request)
    assert not holds(ITEM | {"Stock": {"N": "11"}}, request)
    assert not holds(ITEM | {"Price": {"N": "4"}}, request)
    assert not holds(ITEM | {"Category": {"S": "appeared"}}, request)
    assert not holds({}, request)
    assert_valid(request)


def test_a_condition_without_attributes_still_requires_the_item() -> None:
    request = compared(ITEM, ()).request(TEXT_KEY)
    assert holds(ITEM, request)
    assert not holds({}, request)
    assert_valid(request)


def test_another_program_s_item_is_compared_by_absent_attributes() -> None:
    request = compared(OUTSIDE, [("Stockpulse",), ("Stock",)]).request(TEXT_KEY)
    assert holds(OUTSIDE, request)
    assert not holds(stamped(OUTSIDE), request)


def test_a_new_item_has_the_draft_and_its_signed_metadata() -> None:
    draft = ProductDraft(
        product_id="P1",
        name="Mug",
        stock=5,
        category="Kitchen",
        price=Decimal("2.50"),
        reorder_point=1,
        tags=("blue",),
        barcode="42",
    )
    item = put_new(draft, FULL, NOON, STAMPS)
    metadata = metadata_of(item, DEFAULT_NAMES)
    assert metadata is not None
    assert {name: value for name, value in item.items() if name != "Stockpulse"} == {
        "ProductID": {"S": "P1"},
        "ProductName": {"S": "Mug"},
        "Stock": {"N": "5"},
        "Category": {"S": "Kitchen"},
        "Price": {"N": "2.5"},
        "ReorderPoint": {"N": "1"},
        "Tags": {"L": [{"S": "blue"}]},
        "Barcode": {"S": "42"},
    }
    assert metadata.unsigned() == Metadata(
        version=1,
        created_at="2026-11-03T12:00:00Z",
        updated_at="2026-11-03T12:00:00Z",
        actor="ada",
        request_id="r-2",
        reason="sold",
        note="two boxes",
        reference="SO-7",
    )
    assert STAMPS.is_proved(None, item)


def test_a_new_item_has_only_the_given_fields() -> None:
    item = put_new(ProductDraft(product_id="P1", name="Mug", stock=0), BARE, NOON, STAMPS)
    assert set(item) == {"ProductID", "ProductName", "Stock", "Stockpulse"}
    assert set(item["Stockpulse"]["M"]) == {
        "version",
        "created_at",
        "updated_at",
        "actor",
        "request_id",
        "signature",
    }


def test_a_new_item_uses_the_table_s_own_names() -> None:
    names = AttributeNames(KeySchema(KeyPart("sku")), "title", "qty", price="cost", metadata="x-sp")
    stamps = Stamps("Products", names, STAMPS.keys)
    draft = ProductDraft(product_id="P1", name="Mug", stock=2, price=Decimal(3))
    item = put_new(draft, BARE, NOON, stamps)
    assert set(item) == {"sku", "title", "qty", "cost", "x-sp"}
    assert product_of(item, names).price == 3


@pytest.mark.parametrize("item", [ITEM, OUTSIDE, marked_for_deletion(ITEM)])
@pytest.mark.parametrize("stamp", [BARE, FULL])
@pytest.mark.parametrize("fields", [{}, {"stock": 11}, {"price": None, "category": "Kitchen"}])
def test_the_item_after_an_update_is_predicted_and_proved(
    item: dict[str, Any], stamp: Stamp, fields: dict[str, Any]
) -> None:
    request, after = an_update(item, stamp, **fields)
    assert applied(item, request) == after
    assert STAMPS.is_proved(item, after)
    assert holds(item, request)
    assert_valid(request)


@pytest.mark.parametrize(
    "change",
    [
        {"Stock": {"N": "11"}},
        {"ProductName": {"S": "Cup"}},
        {"Tags": {"SS": ["new"]}},
        {"Stockpulse": {"M": {"version": {"N": "4"}}}},
    ],
    ids=repr,
)
def test_an_update_fails_after_any_other_change_that_its_stamp_covers(change: Any) -> None:
    request, _ = an_update(ITEM, stock=11)
    assert not holds(ITEM | change, request)
    assert holds(ITEM | {"Shelf": {"S": "C 1"}}, request)


def test_an_update_replaces_the_whole_metadata_and_removes_a_stale_mark() -> None:
    _, after = an_update(marked_for_deletion(ITEM), BARE, stock=11)
    metadata = metadata_of(after, DEFAULT_NAMES)
    assert metadata is not None
    assert (metadata.deleted, metadata.reason, metadata.note) == (None, None, None)


def test_an_update_changes_known_attributes_only() -> None:
    mine = {"Note": {"S": "x"}, "Version": {"S": "v2"}, "Serials": {"NS": ["1", "2"]}}
    request, after = an_update(ITEM | mine, name="Cup", stock=11)
    assert written(request) <= {*DEFAULT_NAMES.known, "Stockpulse"}
    assert {name: after[name] for name in mine} == mine
    assert after["Shelf"] == {"S": "B 12"}


@pytest.mark.parametrize(("item", "version"), [(ITEM, 4), (OUTSIDE, 1)])
def test_an_update_increments_the_version_and_sets_the_time(
    item: dict[str, Any], version: int
) -> None:
    _, after = update(item, {}, BARE, NOON + timedelta(seconds=1), STAMPS)
    metadata = metadata_of(after, DEFAULT_NAMES)
    assert metadata is not None
    assert (metadata.version, metadata.updated_at) == (version, "2026-11-03T12:00:01Z")
    assert metadata.created_at == (product_of(item).created_at)


@pytest.mark.parametrize("value", [{"S": "ours"}, {"M": {"colour": {"S": "red"}}}, {"L": []}])
def test_something_else_under_the_map_s_name_is_never_overwritten(value: Any) -> None:
    taken = OUTSIDE | {"Stockpulse": value}
    for attempt in (
        lambda: an_update(taken, stock=1),
        lambda: mark_delete(taken, BARE, NOON, STAMPS),
    ):
        with pytest.raises(MetadataTaken, match="STOCKPULSE_METADATA_ATTRIBUTE"):
            attempt()


@pytest.mark.parametrize(
    ("attribute", "value", "fields"),
    [
        ("Price", {"S": "24,90"}, {"price": Decimal(3)}),
        ("Stock", {"S": "twelve"}, {"stock": 3}),
        ("Tags", {"M": {}}, {"tags": ("a",)}),
        ("Category", {"N": "7"}, {"category": "Toys"}),
    ],
)
def test_an_attribute_of_another_type_is_kept(
    attribute: str, value: Any, fields: dict[str, Any]
) -> None:
    with pytest.raises(AttributeKept, match=attribute):
        an_update(OUTSIDE | {attribute: value}, **fields)


def test_a_number_that_is_kept_as_a_string_stays_one() -> None:
    _, after = an_update(OUTSIDE | {"Stock": {"S": "12"}, "Price": {"S": "2.50"}}, stock=3)
    assert (after["Stock"], after["Price"]) == ({"S": "3"}, {"S": "2.50"})


def test_a_string_set_of_tags_stays_a_set() -> None:
    _, after = an_update(OUTSIDE | {"Tags": {"SS": ["a", "b"]}}, tags=("c", "a", "b"))
    assert after["Tags"] == {"SS": ["a", "b", "c"]}
    _, after = an_update(OUTSIDE | {"Tags": {"SS": ["a"]}}, tags=())
    assert "Tags" not in after


@pytest.mark.parametrize(("stored", "same"), [("007", 7), ("5.50", Decimal("5.5"))])
def test_an_equal_number_keeps_the_form_of_its_program(stored: str, same: Any) -> None:
    _, after = an_update(OUTSIDE | {"Stock": {"S": stored}}, stock=same)
    assert after["Stock"] == {"S": stored}
