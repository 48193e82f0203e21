"""Items have the same hash if and only if they are equal."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.item import (
    canonical,
    digest,
    from_canonical,
    plain_item,
)
from tests.unit.core.item_values import items, numbers, respelt_number, shuffled

LONG = "12345678901234567890123456789012345678"


@given(items(), st.integers())
def test_equal_items_have_the_same_hash_in_any_order_and_number_spelling(
    item: dict[str, Any], seed: int
) -> None:
    assert digest(shuffled(item, Random(seed))) == digest(item)


@given(numbers(), st.integers())
def test_number_has_the_same_hash_in_every_spelling(digits: str, seed: int) -> None:
    other = respelt_number(digits, Random(seed))
    assert digest({"n": {"N": other}}) == digest({"n": {"N": digits}})


@given(items())
def test_item_round_trips_through_its_canonical_form(item: dict[str, Any]) -> None:
    again = from_canonical(canonical(item))
    assert canonical(again) == canonical(item)


@given(numbers(), numbers(), st.integers())
def test_numbers_have_the_same_hash_if_and_only_if_they_are_equal(
    one: str, other: str, seed: int
) -> None:
    # Two drawn numbers are hardly ever equal, so the first is also compared with a spelling of it.
    for second in (other, respelt_number(one, Random(seed))):
        equal = Decimal(one) == Decimal(second)
        assert (digest({"n": {"N": one}}) == digest({"n": {"N": second}})) == equal


# 38 digits: as many as a DynamoDB number holds, 10 more than Python's default precision.
NEIGHBOURS = [
    (LONG, f"{LONG[:-1]}9"),
    (f"-{LONG}", f"-{LONG[:-1]}9"),
    (f"{LONG}.0", f"{LONG[:-1]}9.0"),
    (f"0.{LONG}", f"0.{LONG[:-1]}9"),
    (f"1.{'0' * 36}1", f"1.{'0' * 36}2"),
]


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
def test_numbers_that_differ_in_the_last_digit_have_different_hashes(one: str, other: str) -> None:
    assert digest({"n": {"N": one}}) != digest({"n": {"N": other}})


@pytest.mark.parametrize("digits", [one for one, _ in NEIGHBOURS])
def test_canonical_form_keeps_all_38_digits(digits: str) -> None:
    assert from_canonical(canonical({"n": {"N": digits}})) in (
        {"n": {"N": digits}},
        {"n": {"N": digits.removesuffix(".0")}},
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"S": "1"}, {"N": "1"}),
        ({"S": "AQ=="}, {"B": b"\x01"}),
        ({"SS": ["1", "2"]}, {"NS": ["1", "2"]}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"L": [{"S": "a"}]}, {"SS": ["a"]}),
        ({"BOOL": True}, {"BOOL": False}),
        ({"M": {}}, {"L": []}),
        ({"NULL": True}, {"BOOL": True}),
    ],
)
def test_different_values_have_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest({"a": one}) != digest({"a": other})


def test_null_attribute_differs_from_an_absent_one() -> None:
    assert digest({"a": {"NULL": True}}) != digest({})


def test_binary_at_any_depth_survives_the_canonical_form() -> None:
    item = {
        "raw": {"B": b"\x00\xff"},
        "set": {"BS": [b"\x02", b"\x01"]},
        "deep": {"M": {"list": {"L": [{"B": b"deep"}]}}},
    }
    assert from_canonical(canonical(item)) == item | {"set": {"BS": [b"\x01", b"\x02"]}}


@given(items())
def test_functions_do_not_change_the_item(item: dict[str, Any]) -> None:
    before = repr(item)
    canonical(item)
    plain_item(item)
    assert repr(item) == before
