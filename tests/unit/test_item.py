"""What an item means: the stock is a count or nothing, and equal items hash alike."""

import json
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.item import (
    MAX_STOCK,
    AttributeNames,
    canonical,
    digest,
    from_canonical,
    plain,
    plain_item,
    plain_number,
    stock,
    text,
    version,
)
from tests.support.builders import an_item, marked_for_deletion

LONG = "12345678901234567890123456789012345678"
LONG_FRACTION = f"0.{LONG}"


def numbers() -> st.SearchStrategy[str]:
    """DynamoDB's numbers: 38 digits, 1E-130 to 9.99E+125, either sign."""
    return st.builds(
        lambda sign, digits, exponent: f"{sign}{digits}E{exponent}",
        st.sampled_from(["", "-"]),
        st.integers(0, 10**38 - 1),
        st.integers(-130, 80),
    )


def attribute_values() -> st.SearchStrategy[dict[str, Any]]:
    """Any attribute value that DynamoDB can hold."""
    words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    leaves = st.one_of(
        st.builds(lambda s: {"S": s}, words),
        st.builds(lambda n: {"N": n}, numbers()),
        st.builds(lambda b: {"B": b}, st.binary(max_size=8)),
        st.builds(lambda b: {"BOOL": b}, st.booleans()),
        st.just({"NULL": True}),
        st.builds(lambda s: {"SS": s}, st.lists(words, min_size=1, max_size=4, unique=True)),
        st.builds(
            lambda s: {"NS": s}, st.lists(numbers(), min_size=1, max_size=4, unique_by=Decimal)
        ),
        st.builds(
            lambda s: {"BS": s},
            st.lists(st.binary(max_size=4), min_size=1, max_size=4, unique=True),
        ),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(lambda m: {"M": m}, st.dictionaries(words, inner, max_size=3))
            | st.builds(lambda items: {"L": items}, st.lists(inner, max_size=3))
        ),
        max_leaves=4,
    )


def items() -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["a", "b", "C", "ä"]), attribute_values(), max_size=3)


def respelt(value: Any, chance: Random) -> Any:
    """The same value as another engine could give it: other order, other spelling of numbers."""
    match value:
        case {"N": digits}:
            return {"N": respelt_number(digits, chance)}
        case {"NS": members}:
            return {"NS": [respelt_number(digits, chance) for digits in mixed(members, chance)]}
        case {"SS": members} | {"BS": members}:
            return {next(iter(value)): mixed(members, chance)}
        case {"M": inner}:
            return {"M": shuffled(inner, chance)}
        case {"L": inner}:
            return {"L": [respelt(member, chance) for member in inner]}
        case _:
            return value


def respelt_number(digits: str, chance: Random) -> str:
    sign, figures, exponent = Decimal(digits).as_tuple()
    zeros = chance.randrange(4)
    whole = "".join(map(str, figures)) + "0" * zeros
    return chance.choice(
        [
            f"{'-' if sign else ''}{whole}E{int(exponent) - zeros}",
            f"{'-' if sign else ''}0{whole}e{int(exponent) - zeros}",
            format(Decimal(digits), "f"),
        ]
    )


def shuffled(item: dict[str, Any], chance: Random) -> dict[str, Any]:
    return {name: respelt(item[name], chance) for name in mixed(item, chance)}


def mixed(members: Iterable[Any], chance: Random) -> list[Any]:
    return sorted(members, key=lambda _: chance.random())


@given(items(), st.integers())
def test_equal_items_hash_alike_whatever_their_order_and_the_spelling_of_numbers(
    item: dict[str, Any], seed: int
) -> None:
    assert digest(shuffled(item, Random(seed))) == digest(item)


@given(numbers(), st.integers())
def test_a_number_hashes_alike_however_it_is_spelt(digits: str, seed: int) -> None:
    other = respelt_number(digits, Random(seed))
    assert digest({"n": {"N": other}}) == digest({"n": {"N": digits}})


@given(items())
def test_an_item_is_the_same_after_its_canonical_form(item: dict[str, Any]) -> None:
    again = from_canonical(canonical(item))
    assert canonical(again) == canonical(item)


@given(numbers(), numbers())
def test_numbers_hash_alike_only_where_they_are_equal(one: str, other: str) -> None:
    equal = Decimal(one) == Decimal(other)
    assert (digest({"n": {"N": one}}) == digest({"n": {"N": other}})) == equal


# 38 digits: as many as a DynamoDB number holds, 10 more than Python's decimals keep unasked.
NEIGHBOURS = [
    (LONG, f"{LONG[:-1]}9"),
    (f"-{LONG}", f"-{LONG[:-1]}9"),
    (f"{LONG}.0", f"{LONG[:-1]}9.0"),
    (f"0.{LONG}", f"0.{LONG[:-1]}9"),
    (f"1.{'0' * 36}1", f"1.{'0' * 36}2"),
]


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
def test_two_numbers_that_differ_in_the_last_digit_hash_differently(one: str, other: str) -> None:
    assert digest({"n": {"N": one}}) != digest({"n": {"N": other}})


@pytest.mark.parametrize("digits", [one for one, _ in NEIGHBOURS])
def test_the_canonical_form_keeps_all_38_digits(digits: str) -> None:
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
def test_different_values_hash_differently(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest({"a": one}) != digest({"a": other})


def test_an_attribute_without_a_value_is_not_an_absent_one() -> None:
    assert digest({"a": {"NULL": True}}) != digest({})


def test_binary_in_any_depth_survives_the_canonical_form() -> None:
    item = {
        "raw": {"B": b"\x00\xff"},
        "set": {"BS": [b"\x02", b"\x01"]},
        "deep": {"M": {"list": {"L": [{"B": b"deep"}]}}},
    }
    assert from_canonical(canonical(item)) == item | {"set": {"BS": [b"\x01", b"\x02"]}}


@pytest.mark.parametrize(
    ("digits", "count"),
    [
        ("0", 0),
        ("50", 50),
        ("50.0", 50),
        ("5E+1", 50),
        ("-0", 0),
        (str(MAX_STOCK), MAX_STOCK),
        (str(MAX_STOCK + 1), None),
        ("-1", None),
        ("1.5", None),
        ("1E-130", None),
        ("9.9E+125", None),
        (f"{LONG}", None),
        ("1.0000000000000000000000000000000000001", None),
        ("NaN", None),
        ("sNaN", None),
        ("Infinity", None),
        ("-Infinity", None),
        ("many", None),
        ("", None),
    ],
)
def test_the_stock_is_a_count_of_goods_or_unknown(digits: str, count: int | None) -> None:
    assert stock(an_item(Stock={"N": digits})) == count


@pytest.mark.parametrize(
    "value", [{"S": "50"}, {"NULL": True}, {"BOOL": True}, {"L": [{"N": "5"}]}, {"B": b"5"}]
)
def test_a_stock_of_another_type_is_unknown(value: dict[str, Any]) -> None:
    assert stock(an_item(Stock=value)) is None


def test_a_missing_stock_is_unknown() -> None:
    assert stock(an_item()) is None
    assert stock(None) is None


def test_the_table_s_own_names_are_used() -> None:
    item = {"sku": {"S": "P1"}, "qty": {"N": "7"}, "Stock": {"N": "3"}}
    assert stock(item, AttributeNames("sku", "title", "qty")) == 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"N": "3"}, 3),
        ({"S": "3"}, 0),
        ({"N": "-3"}, 0),
        ({"N": "1.5"}, 0),
        ({"N": LONG}, 0),
        ({"NULL": True}, 0),
    ],
)
def test_a_version_that_is_not_ours_counts_as_none(value: dict[str, Any], expected: int) -> None:
    assert version(an_item(Version=value)) == expected


def test_an_item_without_a_version_is_version_0() -> None:
    assert version(an_item()) == 0
    assert version(None) == 0


def test_text_is_only_ever_a_string() -> None:
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
def test_a_number_is_shown_without_losing_a_digit(digits: str, shown: int | str) -> None:
    assert plain_number(digits) == shown


def test_an_image_is_shown_as_plain_json() -> None:
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
def test_every_value_can_be_shown(value: dict[str, Any]) -> None:
    json.dumps(plain(value))


def test_the_delete_stamp_is_not_shown() -> None:
    assert plain_item(marked_for_deletion(an_item(Stock=3))) == {"ProductID": "P1", "Stock": 3}


@given(items())
def test_nothing_here_changes_the_item(item: dict[str, Any]) -> None:
    before = repr(item)
    canonical(item)
    plain_item(item)
    assert repr(item) == before
