"""A product is read from its item without loss; its ETag has halves for details and stock."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES, AttributeNames
from app.store.products.model import (
    changes_to,
    encode_fields,
    etag_of,
    known_attributes,
    product_of,
)
from tests.support.builders import an_item, marked_for_deletion, stamped

WHOLE = an_item(
    ProductName="Blue mug",
    Stock=12,
    Category="Kitchen",
    Price={"N": "9.5"},
    ReorderPoint=3,
    Tags={"L": [{"S": "mug"}, {"S": "blue"}]},
    Barcode="4006381333931",
    Version=7,
    CreatedAt="2026-11-01T08:00:00Z",
    UpdatedAt="2026-11-02T08:00:00Z",
    Shelf="B 12",
)


def halves(item: dict[str, Any]) -> tuple[str, str]:
    details, _, counts = etag_of(item).strip('"').partition(".")
    return details, counts


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
        ("Stock", {"N": "-3"}, -3),
        ("Stock", {"N": "1.5"}, "1.5"),
        ("Price", {"S": "9,50"}, "9,50"),
        ("ReorderPoint", {"N": "2.5"}, "2.5"),
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
    product = product_of(item, AttributeNames("sku", "title", "qty"))
    assert (product.product_id, product.name, product.stock) == ("P1", "Mug", 4)
    assert product.attributes == {"Stock": 9}


def test_the_etag_is_two_quoted_halves() -> None:
    details, counts = halves(WHOLE)
    assert etag_of(WHOLE) == f'"{details}.{counts}"'
    assert details
    assert counts


@pytest.mark.parametrize("name", ["Stock", "Version"])
def test_a_sale_does_not_change_the_first_half(name: str) -> None:
    details, counts = halves(WHOLE)
    assert halves(WHOLE | {name: {"N": "99"}}) == (details, halves(WHOLE | {name: {"N": "99"}})[1])
    assert halves(WHOLE | {name: {"N": "99"}})[1] != counts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ProductName", {"S": "Red mug"}),
        ("Category", {"S": "Toys"}),
        ("Price", {"N": "9.51"}),
        ("ReorderPoint", {"N": "4"}),
        ("Tags", {"L": [{"S": "blue"}, {"S": "mug"}]}),
        ("Barcode", {"S": "1"}),
        ("Shelf", {"S": "B 13"}),
        ("Supplier", {"S": "new"}),
    ],
)
def test_any_other_visible_change_does_not_change_the_second_half(
    name: str, value: dict[str, Any]
) -> None:
    details, counts = halves(WHOLE)
    changed = halves(WHOLE | {name: value})
    assert changed[1] == counts
    assert changed[0] != details


def test_a_removed_attribute_changes_the_first_half() -> None:
    without = {name: value for name, value in WHOLE.items() if name != "Shelf"}
    assert halves(without)[0] != halves(WHOLE)[0]


def test_stamps_times_and_delete_marks_do_not_change_the_etag() -> None:
    again = stamped(WHOLE, "r-2") | {"UpdatedAt": {"S": "2026-12-24T08:00:00Z"}}
    assert etag_of(again) == etag_of(WHOLE)
    assert etag_of(marked_for_deletion(WHOLE)) == etag_of(WHOLE)


def test_the_etag_is_the_same_on_every_engine() -> None:
    item = an_item(Tags={"SS": ["a", "b"]}, Price={"N": "9.50"}, Stock={"N": "1E+1"})
    again = an_item(Stock={"N": "10"}, Price={"N": "9.5"}, Tags={"SS": ["b", "a"]})
    assert etag_of(item) == etag_of(again)


def test_a_configured_stock_attribute_is_in_the_second_half() -> None:
    names = AttributeNames("sku", "title", "qty")
    item = {"sku": {"S": "P1"}, "qty": {"N": "4"}, "Stock": {"N": "9"}}
    one = etag_of(item, names).split(".")
    sold = etag_of(item | {"qty": {"N": "3"}}, names).split(".")
    other = etag_of(item | {"Stock": {"N": "8"}}, names).split(".")
    assert (sold[0], sold[1] == one[1]) == (one[0], False)
    assert (other[0] == one[0], other[1]) == (False, one[1])


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
    assert encode_fields({field: value}, DEFAULT_NAMES) == {attribute: encoded}


def test_fields_are_written_under_configured_names() -> None:
    names = AttributeNames("sku", "title", "qty")
    assert encode_fields({"name": "Mug", "stock": 4}, names) == {
        "title": {"S": "Mug"},
        "qty": {"N": "4"},
    }


def test_every_attribute_that_a_write_can_change_is_compared() -> None:
    fields = {
        "name": "Mug",
        "stock": 1,
        "category": "Kitchen",
        "price": Decimal(1),
        "reorder_point": 1,
        "tags": ("a",),
        "barcode": "1",
    }
    assert set(encode_fields(fields, DEFAULT_NAMES)) == set(known_attributes(DEFAULT_NAMES))


def test_an_equal_value_is_not_a_change() -> None:
    product = product_of(WHOLE | {"Price": {"N": "9.50"}, "Stock": {"N": "12.0"}})
    same = {"price": Decimal("9.5"), "stock": 12, "tags": ("mug", "blue"), "name": "Blue mug"}
    assert changes_to(product, same) == {}
    assert changes_to(product, same | {"stock": 11, "category": None}) == {
        "stock": 11,
        "category": None,
    }
