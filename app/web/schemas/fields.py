"""The field types of the API; the error for an invalid value says what is expected."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from app.core.item import MAX_STOCK
from app.core.numbers import MAX_UNIT
from app.web.schemas.product_ids import check_standard

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


# Invisible characters that people write: soft hyphen, zero-width space and joiners, word joiner,
# and marks of the direction. Not those that change the direction of what follows.
_WRITTEN = "\u00ad\u200b\u200c\u200d\u2060\u061c\u200e\u200f"

# A regional flag, such as England's, is a black flag with invisible tags (UTS #51).
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")

# Letters and a symbol that show nothing: Hangul fillers, and a Braille pattern without dots.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"


def _is_hidden(character: str) -> bool:
    """Whether it is a control, a line break, or invisible and not written by people."""
    kind = unicodedata.category(character)
    return kind in {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"} or (
        kind == "Cf" and character not in _WRITTEN
    )


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def _printable(value: str) -> str:
    """One line of printable text: it is shown on pages and in terminals."""
    if any(_is_hidden(character) for character in _FLAG.sub("", value)):
        raise ValueError("must not contain control or unprintable characters")
    if value != value.strip():
        raise ValueError("must not start or end with a space")
    if not any(_is_visible(character) for character in value):
        raise ValueError("must contain visible characters")
    return value


def _line(value: str) -> str:
    """A line of text in Unicode's form NFC, so that equal texts have equal characters."""
    return unicodedata.normalize("NFC", _printable(value))


def _product_id(value: str) -> str:
    if any(part in {".", ".."} for part in value.split("/")):
        raise ValueError("must not contain `.` or `..` as a path segment: URLs cannot contain it")
    return value


def _lines(value: str) -> str:
    """Text of several lines, without control characters that affect terminals."""
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters other than tabs and line breaks")
    return value


def _plain_decimal(value: object) -> object:
    """A number in plain digits: Decimal also accepts `1_0`, `1e1` and the digits of any script."""
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic takes ValueError
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", value):
        raise ValueError("must be a plain decimal number such as 19.90")
    return value


def moment(value: object) -> datetime:
    """An RFC 3339 time: pydantic also accepts dates, numbers and times without an offset."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError(
            "must be an RFC 3339 time with an offset, such as 2026-11-21T08:30:00Z "
            "(in a URL, write `+` as %2B)"
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a date and time that exists in the calendar") from None


def _unique(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("must not contain the same tag twice")
    return tags


ProductID = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_printable),
    AfterValidator(_product_id),
    AfterValidator(check_standard),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Quantity = Annotated[
    Decimal,
    Field(ge=-MAX_STOCK, le=MAX_STOCK, decimal_places=6),
    BeforeValidator(_plain_decimal),
]
Stock = Quantity
Price = Annotated[
    Decimal,
    Field(ge=0, max_digits=20, decimal_places=6),
    BeforeValidator(_plain_decimal),
    AfterValidator(abs),  # -0 is 0
]
ReorderPoint = Annotated[Quantity, Field(ge=0)]
Category = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)]
Barcode = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_line)]
Unit = Annotated[str, Field(min_length=1, max_length=MAX_UNIT), AfterValidator(_line)]
Tag = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_line)]
Tags = Annotated[list[Tag], Field(max_length=50), AfterValidator(_unique)]
Note = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_lines)]
Reference = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Moment = Annotated[
    datetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
