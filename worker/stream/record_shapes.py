"""Records from two hosts are normalised to one shape; malformed values are refused.

GetRecords through boto3 gives datetimes and bytes; Lambda (and our own reader) gives epoch numbers
and base64 text (stream fact 22).
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.item import AttributeValue, Item

_SEQUENCE_NUMBER = re.compile(r"[0-9]{1,40}")
_SECONDS = 1e11  # the year 5138; EventBridge Pipes and some tools give milliseconds


def is_sequence_number(value: Any) -> bool:
    """Whether this is a sequence number as DynamoDB Streams and Lambda accept it."""
    return isinstance(value, str) and _SEQUENCE_NUMBER.fullmatch(value) is not None


def moment(value: Any) -> datetime:
    """Convert a datetime, or seconds or milliseconds since 1970, to a time in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    seconds = float(value)
    return datetime.fromtimestamp(seconds / 1000 if seconds > _SECONDS else seconds, UTC)


def image(raw: Any) -> Item | None:
    """Convert an image, with binary values as bytes; None if the view type omits it."""
    if raw is None:
        return None
    return {name: _value(value) for name, value in raw.items()}


def _value(value: Any) -> AttributeValue:
    """Convert a value of one of DynamoDB's types; refuse a value that DynamoDB could not hold."""
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
            raise ValueError(f"unknown or malformed attribute type {kind!r}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a value that must be a string is not one")
    return value


def _number(value: Any) -> str:
    try:
        Decimal(_string(value))
    except InvalidOperation as error:
        raise ValueError("a value of type N or NS is not a number") from error
    return str(value)


def _bytes(value: Any) -> bytes:
    """Binary as boto3 gives it, or decoded from the base64 text of a Lambda event."""
    if not isinstance(value, str):
        return bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a binary value is not valid base64: {error}") from error


_MEMBER: Mapping[str, Callable[[Any], Any]] = {"SS": _string, "NS": _number, "BS": _bytes}
