"""A write sets its whole stamp, changes known attributes only, and fails after other writes."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES, DELETE_STAMP, WRITE_STAMP, AttributeNames
from app.store.products.expressions import (
    clear_delete_stamp,
    compared,
    put_new,
    stamp_delete,
    update,
)
from app.store.products.model import ProductDraft, Stamp, known_attributes, product_of
from tests.support.builders import NOON, an_item, marked_for_deletion, stamped

BARE = Stamp(actor="ada", request_id="r-2")
FULL = Stamp(actor="ada", request_id="r-2", reason="sold", note="two boxes", reference="SO-7")
ITEM = stamped(an_item(ProductName="Mug", Stock=12, Version=3, Price={"N": "2"}, Shelf="B 12"))
OUTSIDE = an_item(ProductName="Mug", Stock=12, Shelf="B 12")


def applied(item: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The item after DynamoDB has applied the request's update expression."""
    names = request["ExpressionAttributeNames"]
    sets, _, removes = request["UpdateExpression"].removeprefix("SET ").partition("REMOVE ")
    after = dict(item)
    for name, value in re.findall(r"(#\w+) = (:\w+)", sets):
        after[names[name]] = request["ExpressionAttributeValues"][value]
    for name in re.findall(r"#\w+", removes):
        after.pop(names[name], None)
    return after


def written(request: dict[str, Any]) -> set[str]:
    """The attributes that the update names."""
    names = request["ExpressionAttributeNames"]
    return {names[word] for word in re.findall(r"#\w+", request["UpdateExpression"])}


def holds(item: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether the request's condition is true of an item."""
    names = request["ExpressionAttributeNames"]
    values = request.get("ExpressionAttributeValues", {})
    return all(
        _clause(item, clause, names, values)
        for clause in request["ConditionExpression"].split(" AND ")
    )


def _clause(item: dict[str, Any], clause: str, names: dict[str, str], values: Any) -> bool:
    if found := re.fullmatch(r"attribute_exists\((#\w+)\)", clause):
        return names[found[1]] in item
    if found := re.fullmatch(r"attribute_not_exists\((#\w+)\)", clause):
        return names[found[1]] not in item
    found = re.fullmatch(r"(#\w+) = (:\w+)", clause)
    assert found, clause
    return item.get(names[found[1]]) == values[found[2]]


def an_update(item: dict[str, Any], stamp: Stamp = FULL, **fields: Any) -> tuple[Any, Any]:
    return update(item, fields, compared(item, ("Version", "Stock")), stamp, NOON, DEFAULT_NAMES)


def assert_valid(request: dict[str, Any]) -> None:
    """DynamoDB rejects a request that declares a name or value without using it."""
    expressions = f"{request['ConditionExpression']} {request.get('UpdateExpression', '')}"
    assert set(re.findall(r"#\w+", expressions)) == set(request["ExpressionAttributeNames"])
    values = set(request.get("ExpressionAttributeValues", {}))
    assert set(re.findall(r":\w+", expressions)) == values
    assert request.get("ExpressionAttributeValues") != {}


def test_a_condition_holds_only_while_nothing_compared_has_changed() -> None:
    request = compared(ITEM, ("Version", "Stock", "Category")).request("ProductID")
    assert holds(ITEM, request)
    assert holds(ITEM | {"Shelf": {"S": "C 1"}}, request)
    assert not holds(ITEM | {"Stock": {"N": "11"}}, request)
    assert not holds(ITEM | {"Version": {"N": "4"}}, request)
    assert not holds(ITEM | {"Category": {"S": "appeared"}}, request)
    assert not holds({}, request)
    assert_valid(request)


def test_a_condition_without_attributes_still_requires_the_item() -> None:
    request = compared(ITEM, ()).request("ProductID")
    assert holds(ITEM, request)
    assert not holds({}, request)
    assert_valid(request)


def test_another_program_s_item_is_compared_by_absent_attributes() -> None:
    request = compared(OUTSIDE, ("Version", "Stock")).request("ProductID")
    assert holds(OUTSIDE, request)
    assert not holds(OUTSIDE | {"Version": {"N": "1"}}, request)


def test_a_new_item_has_the_draft_its_stamp_and_version_1() -> None:
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
    assert put_new(draft, FULL, NOON, DEFAULT_NAMES) == {
        "ProductID": {"S": "P1"},
        "ProductName": {"S": "Mug"},
        "Stock": {"N": "5"},
        "Category": {"S": "Kitchen"},
        "Price": {"N": "2.5"},
        "ReorderPoint": {"N": "1"},
        "Tags": {"L": [{"S": "blue"}]},
        "Barcode": {"S": "42"},
        "Version": {"N": "1"},
        "CreatedAt": {"S": "2026-11-03T12:00:00Z"},
        "UpdatedAt": {"S": "2026-11-03T12:00:00Z"},
        "UpdatedBy": {"S": "ada"},
        "Reason": {"S": "sold"},
        "Note": {"S": "two boxes"},
        "Reference": {"S": "SO-7"},
        "RequestID": {"S": "r-2"},
    }


def test_a_new_item_has_only_the_given_fields() -> None:
    item = put_new(ProductDraft(product_id="P1", name="Mug", stock=0), BARE, NOON, DEFAULT_NAMES)
    assert set(item) == {
        "ProductID",
        "ProductName",
        "Stock",
        "Version",
        "CreatedAt",
        "UpdatedAt",
        "UpdatedBy",
        "RequestID",
    }


def test_a_new_item_uses_the_table_s_own_names() -> None:
    names = AttributeNames("sku", "title", "qty")
    item = put_new(ProductDraft(product_id="P1", name="Mug", stock=2), BARE, NOON, names)
    assert (item["sku"], item["title"], item["qty"]) == ({"S": "P1"}, {"S": "Mug"}, {"N": "2"})
    assert product_of(item, names).stock == 2


@pytest.mark.parametrize("item", [ITEM, OUTSIDE, marked_for_deletion(ITEM)])
@pytest.mark.parametrize("stamp", [BARE, FULL])
@pytest.mark.parametrize("fields", [{}, {"stock": 11}, {"price": None, "category": "Kitchen"}])
def test_the_item_after_an_update_is_predicted_correctly(
    item: dict[str, Any], stamp: Stamp, fields: dict[str, Any]
) -> None:
    request, after = an_update(item, stamp, **fields)
    assert applied(item, request) == after
    assert holds(item, request)
    assert_valid(request)


def test_an_update_sets_or_removes_every_stamp_attribute() -> None:
    request, after = an_update(marked_for_deletion(ITEM), BARE, stock=11)
    assert written(request) >= WRITE_STAMP | DELETE_STAMP
    assert {name for name in after if name in WRITE_STAMP | DELETE_STAMP} == {
        "UpdatedBy",
        "RequestID",
    }


def test_an_update_changes_known_attributes_only() -> None:
    request, after = an_update(ITEM, name="Cup", stock=11)
    known = {*known_attributes(DEFAULT_NAMES), "Version", "UpdatedAt"} | WRITE_STAMP | DELETE_STAMP
    assert written(request) <= known
    assert after["Shelf"] == {"S": "B 12"}


@pytest.mark.parametrize(("item", "version"), [(ITEM, "4"), (OUTSIDE, "1")])
def test_an_update_increments_the_version_and_sets_the_time(
    item: dict[str, Any], version: str
) -> None:
    _, after = update(
        item, {}, compared(item, ()), BARE, NOON + timedelta(seconds=1), DEFAULT_NAMES
    )
    assert after["Version"] == {"N": version}
    assert after["UpdatedAt"] == {"S": "2026-11-03T12:00:01Z"}


@pytest.mark.parametrize("stamp", [BARE, FULL])
def test_a_delete_mark_does_not_change_etag_or_version(stamp: Stamp) -> None:
    request = stamp_delete(compared(ITEM, ("Version",)), stamp, NOON, DEFAULT_NAMES)
    marked = applied(ITEM, request)
    assert written(request) == DELETE_STAMP
    assert product_of(marked) == product_of(ITEM)
    assert product_of(marked).etag == product_of(ITEM).etag
    assert marked["DeletedBy"] == {"S": "ada"}
    assert marked["DeletedRequestID"] == {"S": "r-2"}
    assert marked["DeletedAt"] == {"S": "2026-11-03T12:00:00Z"}
    assert marked.get("DeletedReason") == (stamp.reason and {"S": stamp.reason})
    assert_valid(request)


def test_a_delete_mark_replaces_one_left_by_a_crash() -> None:
    left = marked_for_deletion(ITEM, DeletedBy="bob")
    request = stamp_delete(compared(left, ("Version",)), BARE, NOON, DEFAULT_NAMES)
    marked = applied(left, request)
    assert marked["DeletedBy"] == {"S": "ada"}
    assert "DeletedReason" not in marked


def test_a_delete_mark_is_removed_only_by_its_own_request() -> None:
    marked = marked_for_deletion(ITEM, DeletedRequestID="r-9")
    request = clear_delete_stamp("r-9")
    assert applied(marked, request) == ITEM
    assert holds(marked, request)
    assert not holds(marked_for_deletion(ITEM, DeletedRequestID="r-8"), request)
    assert not holds(ITEM, request)
    assert not holds({}, request)
    assert_valid(request)
