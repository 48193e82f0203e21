"""Two hosts hand over one record in two shapes; here they become one, and nonsense is refused.

GetRecords through boto3 gives datetimes and bytes, Lambda (and our own reader) epoch numbers
and base64 text (FACTS §1.22).
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.item import AttributeValue, Item


def moment(value: Any) -> datetime:
    """A time in UTC, from a datetime or from seconds since 1970."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.fromtimestamp(float(value), UTC)


def image(raw: Any) -> Item | None:
    """An image with binary as bytes; None where the view type leaves it out."""
    if raw is None:
        return None
    return {name: _value(value) for name, value in raw.items()}


def _value(value: Any) -> AttributeValue:
    """A value of one of DynamoDB's types; what it could not hold must not get further."""
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return {"S": _string(inner)}
        case "N":
            return {"N": _number(inner)}
        case "B":
            return {"B": _bytes(inner)}
        case "BOOL" | "NULL" if isinstance(inner, bool):
            return {kind: inner}
        case "M":
            return {"M": {name: _value(member) for name, member in inner.items()}}
        case "L" if isinstance(inner, list):
            return {"L": [_value(member) for member in inner]}
        case "SS" | "NS" | "BS" if isinstance(inner, (list, set)):
            return {kind: [_MEMBER[kind](member) for member in inner]}
        case _:
            raise ValueError(f"attribute of type {kind!r}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a string that is none")
    if not value.isascii():
        value.encode()  # a lone surrogate has no UTF-8
    return value


def _number(value: Any) -> str:
    try:
        Decimal(_string(value))
    except InvalidOperation as error:
        raise ValueError("a number that is none") from error
    return str(value)


def _bytes(value: Any) -> bytes:
    """Binary as boto3 gives it, or from the base64 text of a Lambda event."""
    if not isinstance(value, str):
        return bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"binary that is not base64: {error}") from error


_MEMBER: Mapping[str, Callable[[Any], Any]] = {"SS": _string, "NS": _number, "BS": _bytes}


def product_id_of(value: Any) -> str:
    """A product's id: a string with something in it."""
    if not _string(value):
        raise ValueError("an empty product id")
    return str(value)
