"""Numbers are exact decimals; in JSON they are numbers only while readers keep every digit.

DynamoDB numbers have up to 38 significant digits, more than Python's default context keeps, so sums
and differences use a context of their own. Pure.
"""

import re
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

# Two numbers of 38 digits and the greatest difference of exponents still add up exactly.
_EXACT = Context(prec=300, Emin=-999_999, Emax=999_999)
_STORED_DIGITS, _LEAST, _GREATEST = 38, -130, 125  # of DynamoDB's numbers; exponents
_EXACT_DIGITS = 15  # significant digits that every JSON reader keeps
_LARGEST, _SMALLEST = Decimal(10) ** 15, Decimal(10) ** -6
EXACT_IN_JSON = 2**53  # integers beyond it lose digits in JavaScript and most JSON readers
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
MAX_UNIT = 24  # characters; other programs may store any text, and a row is one line


def number_of(digits: object) -> Decimal | None:
    """A finite decimal; None for anything else (only a hand-made record holds that)."""
    try:
        found = Decimal(digits) if isinstance(digits, str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def number_in(value: Mapping[str, Any] | None) -> Decimal | None:
    """The number in an attribute value; None if it is absent or no number.

    Some frameworks keep numbers as strings: a string of plain digits is a number here, too.
    """
    if value is None:
        return None
    if "N" in value:
        return number_of(value["N"])
    text = value.get("S", "")
    return number_of(text) if _PLAIN_NUMBER.fullmatch(text) else None


def difference(after: Decimal, before: Decimal) -> Decimal:
    """`after - before`, exactly."""
    return _EXACT.subtract(after, before)


def total(first: Decimal, second: Decimal) -> Decimal:
    """`first + second`, exactly."""
    return _EXACT.add(first, second)


def multiplied(first: Decimal, second: Decimal) -> Decimal:
    """`first * second`, exactly."""
    return _EXACT.multiply(first, second)


def digits(number: Decimal | int) -> str:
    """The number as DynamoDB returns it: without an exponent or trailing zeros."""
    text = format(Decimal(number), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def quantity(number: Decimal | int, unit: str | None) -> str:
    """The number with its unit: `12 kg`."""
    return with_unit(digits(number), unit)


def with_unit(number: str, unit: str | None) -> str:
    """A number's text with its unit, unless that is too long for a line."""
    return f"{number} {unit}" if unit and len(unit) <= MAX_UNIT else number


def places(number: Decimal | int) -> int:
    """How many decimal places the number needs."""
    return len(digits(number).partition(".")[2])


def significant(number: Decimal | int) -> int:
    """How many significant digits the number needs."""
    return len(digits(number).lstrip("-").replace(".", "").strip("0")) or 1


def is_storable(number: Decimal | int) -> bool:
    """Whether DynamoDB can hold the number: 38 significant digits, 1E-130 to 9.99E+125."""
    number = Decimal(number)
    in_range = not number or _LEAST <= number.adjusted() <= _GREATEST
    return in_range and significant(number) <= _STORED_DIGITS


def json_number(number: Decimal | int | None) -> int | float | str | None:
    """The number for JSON: a number where every reader keeps it exact, else a decimal string."""
    if number is None:
        return None
    number = Decimal(number)
    if number == number.to_integral_value(context=_EXACT):
        return int(number) if abs(number) <= EXACT_IN_JSON else digits(number)
    if significant(number) <= _EXACT_DIGITS and _SMALLEST <= abs(number) < _LARGEST:
        return float(number)
    return digits(number)


def normalised(digits: str) -> str:
    """The shortest plain digits of the same number; what is no number stays as it is."""
    if digits.isdecimal() and not digits.startswith("0"):  # the most common case
        return digits
    try:
        written_out = format(Decimal(digits), "f")  # exact: formatting does not round
    except InvalidOperation:
        return digits
    if "." in written_out:
        written_out = written_out.rstrip("0").rstrip(".")
    sign, bare = ("-", written_out[1:]) if written_out.startswith("-") else ("", written_out)
    bare = bare.lstrip("0")
    if not bare:
        return "0"
    return sign + ("0" + bare if bare.startswith(".") else bare)
