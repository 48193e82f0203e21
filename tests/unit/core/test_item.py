"""An item's stock is a whole number or None, and numbers are shown with every digit."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from app.core.item import (
    AttributeNames,
    plain,
    plain_item,
    plain_number,
    stock,
    text,
)
from app.core.keys import KeyPart, KeySchema
from tests.support.builders import an_item
from tests.unit.core.item_values import attribute_values

LONG = "12345678901234567890123456789012345678"
LONG_FRACTION = f"0.{LONG}"


@pytest.mark.parametrize(
    "digits",
    ["0", "50", "50.0", "5E+1", "-1", "1.5", "1E-130", "9.9E+125", LONG, "1." + "0" * 36 + "1"],
)
def test_any_number_is_an_exact_stock(digits: str) -> None:
    assert stock(an_item(Stock={"N": digits})) == Decimal(digits)


@pytest.mark.parametrize("digits", ["NaN", "sNaN", "Infinity", "-Infinity", "many", ""])
def test_what_is_no_number_is_no_stock(digits: str) -> None:
    assert stock(an_item(Stock={"N": digits})) is None


@pytest.mark.parametrize(
    "value",
    [
        {"S": "50 pcs"},
        {"S": "5e1"},
        {"S": " 5"},
        {"S": ""},
        {"NULL": True},
        {"BOOL": True},
        {"L": [{"N": "5"}]},
        {"B": b"5"},
    ],
)
def test_stock_of_another_type_is_none(value: dict[str, Any]) -> None:
    assert stock(an_item(Stock=value)) is None


@pytest.mark.parametrize("text", ["50", "-3", "2.50", "007"])
def test_a_number_that_is_kept_as_a_string_is_a_number(text: str) -> None:
    assert stock(an_item(Stock={"S": text})) == Decimal(text)


def test_missing_stock_is_none() -> None:
    assert stock(an_item()) is None
    assert stock(None) is None


def test_configured_attribute_names_are_used() -> None:
    item = {"sku": {"S": "P1"}, "qty": {"N": "7"}, "Stock": {"N": "3"}}
    assert stock(item, AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")) == 7


def test_text_returns_only_strings() -> None:
    item = an_item(Category="Kitchen", Barcode=7)
    assert text(item, "Category") == "Kitchen"
    assert text(item, "Barcode") is None
    assert text(item, "Note") is None
    assert text(None, "Note") is None


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("12", 12),
        ("-3", -3),
        ("1E+2", 100),
        ("12.0", 12),
        (str(2**53), 2**53),
        (str(2**53 + 1), str(2**53 + 1)),
        ("-9007199254740993", "-9007199254740993"),
        ("9.99", "9.99"),
        ("1E-3", "0.001"),
        (LONG, LONG),
        (LONG_FRACTION, LONG_FRACTION),
        ("9007199254740992.00000000000000000001", "9007199254740992.00000000000000000001"),
        ("garbage", "garbage"),
    ],
)
def test_number_is_shown_without_losing_a_digit(digits: str, shown: int | str) -> None:
    assert plain_number(digits) == shown


def test_image_is_shown_as_plain_json() -> None:
    item = {
        "s": {"S": "text"},
        "n": {"N": "1.5"},
        "b": {"B": b"\x00\x01"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "words": {"SS": ["b", "a"]},
        "counts": {"NS": ["10", "9", "-1"]},
        "blobs": {"BS": [b"\x02", b"\x01"]},
        "list": {"L": [{"N": "1"}, {"M": {"deep": {"S": "x"}}}]},
    }
    assert plain_item(item) == {
        "s": "text",
        "n": "1.5",
        "b": "AAE=",
        "flag": False,
        "nothing": None,
        "words": ["a", "b"],
        "counts": [-1, 9, 10],
        "blobs": ["AQ==", "Ag=="],
        "list": [1, {"deep": "x"}],
    }


@given(attribute_values())
def test_every_value_can_be_shown_as_json(value: dict[str, Any]) -> None:
    json.dumps(plain(value))
