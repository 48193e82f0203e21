"""Numbers keep every digit, in sums and in JSON."""

from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.numbers import difference, digits, json_number, places, total

dynamodb_numbers = st.builds(
    lambda sign, coefficient, exponent: Decimal((sign, coefficient, exponent)),
    st.sampled_from([0, 1]),
    st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
    st.integers(-130, 87),
)


@given(dynamodb_numbers, dynamodb_numbers)
def test_sums_and_differences_are_exact(one: Decimal, other: Decimal) -> None:
    assert difference(total(one, other), other) == one


@given(dynamodb_numbers)
def test_every_number_survives_json_exactly(number: Decimal) -> None:
    shown = json_number(number)
    read = orjson.loads(orjson.dumps(shown))
    assert Decimal(str(read)) == number
    if not isinstance(shown, str):  # what a JavaScript reader makes of it is the same number
        assert Decimal(repr(float(read))) == number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("12", 12),
        ("12.0", 12),
        ("1E+2", 100),
        ("-3", -3),
        ("2.5", 2.5),
        ("0.000001", 0.000001),
        ("0.0000001", "0.0000001"),
        ("9007199254740993", "9007199254740993"),
        ("1.0000000000000001", "1.0000000000000001"),
        ("-0", 0),
    ],
)
def test_json_has_a_number_only_while_it_is_exact(number: str, shown: object) -> None:
    found = json_number(Decimal(number))
    assert (found, type(found)) == (shown, type(shown))


def test_none_stays_none() -> None:
    assert json_number(None) is None


@pytest.mark.parametrize(
    ("number", "text", "decimals"), [("1.50", "1.5", 1), ("1E+3", "1000", 0), ("0.010", "0.01", 2)]
)
def test_digits_and_places_ignore_the_notation(number: str, text: str, decimals: int) -> None:
    assert (digits(Decimal(number)), places(Decimal(number))) == (text, decimals)
