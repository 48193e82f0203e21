"""A product is read from its item without loss; its ETag has a part for each kind of change."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import AttributeKept, UnitNotStored
from app.core.item import DEFAULT_NAMES, AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.store.products.field_values import changes_to, encode_fields
from app.store.products.model import etag_of, product_of
from tests.support.builders import an_item, marked_for_deletion, stamped

PLAIN = an_item(
    ProductName="Blue mug",
    Stock=12,
    Category="Kitchen",
    Price={"N": "9.5"},
    ReorderPoint=3,
    Tags={"L": [{"S": "mug"}, {"S": "blue"}]},
    Barcode="4006381333931",
    Shelf="B 12",
)
WHOLE = stamped(
    PLAIN, version=7, created_at="2026-11-01T08:00:00Z", updated_at="2026-11-02T08:00:00Z"
)


def parts(item: dict[str, Any]) -> list[str]:
    """The ETag's three hashes: details, stock and metadata, other attributes."""
    return etag_of(item).strip('"').split(".")


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[int]:
    """Which parts of the ETags differ."""
    pairs = zip(parts(one), parts(other), strict=True)
    return [number for number, (a, b) in enumerate(pairs, 1) if a != b]


def test_every_field_is_read() -> None:
    product = product_of(WHOLE)
    assert (product.product_id, product.name, product.stock) == ("P1", "Blue mug", 12)
    assert (product.category, product.price, product.reorder_point) == (
        "Kitchen",
        Decimal("9.5"),
        3,
    )
    assert product.tags == ("mug", "blue")
    assert product.barcode == "4006381333931"
    assert product.version == 7
    assert product.created_at == "2026-11-01T08:00:00Z"
    assert product.updated_at == "2026-11-02T08:00:00Z"
    assert product.attributes == {"Shelf": "B 12"}


def test_another_program_s_item_needs_only_its_key() -> None:
    product = product_of(an_item())
    assert (product.name, product.stock, product.version, product.tags) == (None, None, 0, ())
    assert product.attributes == {}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ProductName", {"N": "5"}, 5),
        ("Stock", {"S": "twelve"}, "twelve"),
        ("Price", {"S": "9,50"}, "9,50"),
        ("ReorderPoint", {"S": "two"}, "two"),
        ("Tags", {"S": "mug,blue"}, "mug,blue"),
        ("Tags", {"L": [{"S": "mug"}, {"N": "1"}]}, ["mug", 1]),
        ("Category", {"L": []}, []),
        ("Barcode", {"N": "4006381333931"}, 4006381333931),
    ],
)
def test_a_known_name_with_an_unexpected_value_is_shown_under_attributes(
    name: str, value: dict[str, Any], shown: object
) -> None:
    assert product_of(WHOLE | {name: value}).attributes[name] == shown


def test_tags_may_be_a_set() -> None:
    assert product_of(an_item(Tags={"SS": ["mug", "blue"]})).tags == ("blue", "mug")


def test_stamps_are_not_attributes() -> None:
    product = product_of(marked_for_deletion(stamped(an_item(Shelf="B 12"))))
    assert product.attributes == {"Shelf": "B 12"}


def test_configured_attribute_names_replace_the_default_names() -> None:
    item = {
        "sku": {"S": "P1"},
        "title": {"S": "Mug"},
        "qty": {"N": "4"},
        "Stock": {"N": "9"},
    }
    product = product_of(item, AttributeNames(KeySchema(KeyPart("sku")), "title", "qty"))
    assert (product.product_id, product.name, product.stock) == ("P1", "Mug", 4)
    assert product.attributes == {"Stock": 9}


def test_the_etag_is_three_quoted_hashes() -> None:
    assert re.fullmatch(r'"[0-9a-f]{16}\.[0-9a-f]{16}\.[0-9a-f]{16}"', etag_of(WHOLE))


def test_a_sale_changes_the_second_part_only() -> None:
    sold = stamped(WHOLE | {"Stock": {"N": "11"}}, "r-2", before=WHOLE, version=8)
    assert differing(WHOLE, sold) == [2]
    assert differing(WHOLE, WHOLE | {"Stock": {"N": "99"}}) == [2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ProductName", {"S": "Red mug"}),
        ("Category", {"S": "Toys"}),
        ("Price", {"N": "9.51"}),
        ("ReorderPoint", {"N": "4"}),
        ("Tags", {"L": [{"S": "blue"}, {"S": "mug"}]}),
        ("Barcode", {"S": "1"}),
    ],
)
def test_a_changed_detail_changes_the_first_part(name: str, value: dict[str, Any]) -> None:
    assert differing(WHOLE, WHOLE | {name: value}) == [1]


@pytest.mark.parametrize("name", ["Shelf", "Supplier", "Version", "UpdatedAt", "Note"])
def test_another_program_s_attribute_changes_the_third_part(name: str) -> None:
    assert differing(WHOLE, WHOLE | {name: {"S": "other"}}) == [3]


def test_ignored_attributes_and_delete_marks_change_nothing() -> None:
    assert differing(WHOLE, WHOLE | {"aws:rep:deleting": {"BOOL": False}}) == []
    assert differing(WHOLE, marked_for_deletion(WHOLE)) == []
    assert differing(PLAIN, marked_for_deletion(PLAIN)) == []


def test_something_else_under_the_map_s_name_is_shown_and_in_the_second_part() -> None:
    taken = PLAIN | {"Stockpulse": {"S": "theirs"}}
    assert product_of(taken).attributes["Stockpulse"] == "theirs"
    assert product_of(taken).version == 0
    assert differing(PLAIN, taken) == [2]


def test_the_etag_is_the_same_on_every_engine() -> None:
    item = an_item(Tags={"SS": ["a", "b"]}, Price={"N": "9.50"}, Stock={"N": "1E+1"})
    again = an_item(Stock={"N": "10"}, Price={"N": "9.5"}, Tags={"SS": ["b", "a"]})
    assert etag_of(item) == etag_of(again)


def test_a_configured_stock_attribute_is_in_the_second_part() -> None:
    names = AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")
    item = {"sku": {"S": "P1"}, "qty": {"N": "4"}, "Stock": {"N": "9"}}
    one, sold, other = (
        etag_of(item | change, names).split(".")
        for change in ({}, {"qty": {"N": "3"}}, {"Stock": {"N": "8"}})
    )
    assert [a == b for a, b in zip(one, sold, strict=True)] == [True, False, True]
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, True, False]


@pytest.mark.parametrize(
    ("field", "value", "attribute", "encoded"),
    [
        ("name", "Mug", "ProductName", {"S": "Mug"}),
        ("stock", 0, "Stock", {"N": "0"}),
        ("category", "Kitchen", "Category", {"S": "Kitchen"}),
        ("category", None, "Category", None),
        ("barcode", "1", "Barcode", {"S": "1"}),
        ("barcode", None, "Barcode", None),
        ("price", Decimal("9.50"), "Price", {"N": "9.5"}),
        ("price", Decimal("1E+3"), "Price", {"N": "1000"}),
        ("price", Decimal(100), "Price", {"N": "100"}),
        ("price", Decimal("0.00"), "Price", {"N": "0"}),
        ("price", None, "Price", None),
        ("reorder_point", 0, "ReorderPoint", {"N": "0"}),
        ("reorder_point", None, "ReorderPoint", None),
        ("tags", ("b", "a"), "Tags", {"L": [{"S": "b"}, {"S": "a"}]}),
        ("tags", (), "Tags", None),
    ],
)
def test_a_field_sets_or_removes_its_attribute(
    field: str, value: object, attribute: str, encoded: dict[str, Any] | None
) -> None:
    assert encode_fields({field: value}, DEFAULT_NAMES) == {(attribute,): encoded}


def test_fields_are_written_under_configured_names() -> None:
    names = AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")
    assert encode_fields({"name": "Mug", "stock": 4}, names) == {
        ("title",): {"S": "Mug"},
        ("qty",): {"N": "4"},
    }


def test_unit_is_read_and_written_where_the_table_has_one() -> None:
    names = replace(DEFAULT_NAMES, unit="Measure")
    product = product_of(WHOLE | {"Measure": {"S": "kg"}}, names)
    assert (product.unit, "Measure" in product.attributes) == ("kg", False)
    assert encode_fields({"unit": "g"}, names) == {("Measure",): {"S": "g"}}
    assert encode_fields({"unit": None}, names) == {("Measure",): None}


def test_table_without_units_keeps_the_attribute_as_another_program_s() -> None:
    product = product_of(WHOLE | {"Measure": {"S": "kg"}})
    assert (product.unit, product.attributes["Measure"]) == (None, "kg")
    assert encode_fields({"unit": None}, DEFAULT_NAMES) == {}
    with pytest.raises(UnitNotStored, match="STOCKPULSE_UNIT_ATTRIBUTE"):
        encode_fields({"unit": "kg"}, DEFAULT_NAMES)


def test_unit_that_is_no_string_belongs_to_another_program() -> None:
    names = replace(DEFAULT_NAMES, unit="Measure")
    item = WHOLE | {"Measure": {"N": "7"}}
    product = product_of(item, names)
    assert (product.unit, product.attributes["Measure"]) == (None, 7)
    with pytest.raises(AttributeKept, match="Measure"):
        encode_fields({"unit": "kg"}, names, item)


def test_every_attribute_that_a_write_can_change_is_compared() -> None:
    fields = {
        "name": "Mug",
        "stock": 1,
        "category": "Kitchen",
        "price": Decimal(1),
        "reorder_point": 1,
        "tags": ("a",),
        "barcode": "1",
        "no_reorder": True,
        "unit": "kg",
    }
    names = replace(DEFAULT_NAMES, unit="Measure")
    assert set(encode_fields(fields, names)) == set(names.known_paths)


def test_an_equal_value_is_not_a_change() -> None:
    product = product_of(WHOLE | {"Price": {"N": "9.50"}, "Stock": {"N": "12.0"}})
    same = {"price": Decimal("9.5"), "stock": 12, "tags": ("mug", "blue"), "name": "Blue mug"}
    assert changes_to(product, same) == {}
    assert changes_to(product, same | {"stock": 11, "category": None}) == {
        "stock": 11,
        "category": None,
    }
