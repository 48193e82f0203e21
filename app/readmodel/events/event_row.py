"""An event is kept whole, images included, as a compressed JSON array. Pure."""

import base64
import operator
import sqlite3
import zlib
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.core import json_text
from app.core.events import ChangeEvent
from app.core.item import Item, with_bytes
from app.core.numbers import digits

# Most of an event's JSON is names that every event has: with them as the dictionary of the
# compression, an event takes about half the bytes.
_DICTIONARY = (
    b'"NEW_AND_OLD_IMAGES","stock_changed","updated","inserted","deleted","sold","received",'
    b'"counted",["Stock","Stockpulse"],{"ProductID":{"S":"},"ProductName":{"S":"},"Category":'
    b'{"S":"},"Price":{"N":"},"ReorderPoint":{"N":"},"Barcode":{"S":"},"Tags":{"L":[{"S":"}]},'
    b'"Stock":{"N":"},"Stockpulse":{"M":{"version":{"N":"},"created_at":{"S":"2026-},'
    b'"updated_at":{"S":"2026-},"actor":{"S":"},"request_id":{"S":"},"reason":{"S":"},'
    b'"note":{"S":"},"reference":{"S":"},"signature":{"S":"}}}}'
)
_LEVEL = 1


# An event's fields in their order; a change of them needs a new version of the schema.
_NAMES = tuple(one.name for one in fields(ChangeEvent))
_values = operator.attrgetter(*_NAMES)
_ACTOR_AND_CATEGORY = operator.itemgetter(_NAMES.index("actor"), _NAMES.index("category"))
_IMAGES = slice(_NAMES.index("before"), _NAMES.index("after") + 1)


def encoded(event: ChangeEvent) -> bytes:
    """The event as bytes, for `decoded`."""
    packer = zlib.compressobj(_LEVEL, zdict=_DICTIONARY)
    text = json_text.dumps(_values(event), default=_as_json)
    return packer.compress(text) + packer.flush()


def decoded(data: bytes) -> ChangeEvent:
    """The event that `encoded` made these bytes of.

    Raises:
        sqlite3.DatabaseError: it made no such bytes; the file is damaged.

    """
    known = dict(zip(_NAMES, _unpacked(data), strict=True))
    known |= {
        "changed": tuple(known["changed"]),
        "stock_before": _number(known["stock_before"]),
        "stock_after": _number(known["stock_after"]),
        "occurred_at": datetime.fromisoformat(known["occurred_at"]).astimezone(UTC),
    }
    return ChangeEvent(**known)


def images(data: bytes) -> tuple[Item | None, Item | None]:
    """The images before and after; about twice as fast as the whole event. Raises as `decoded`."""
    before, after = _unpacked(data)[_IMAGES]
    return before, after


def actor_and_category(data: bytes) -> tuple[str | None, str | None]:
    """The event's actor and category; quicker than the whole event. Raises as `decoded`."""
    actor, category = _ACTOR_AND_CATEGORY(_unpacked(data))
    return actor, category


def _unpacked(data: bytes) -> list[Any]:
    try:
        text = zlib.decompressobj(zdict=_DICTIONARY).decompress(data)
        values: list[Any] = json_text.loads(text)
    except (zlib.error, ValueError) as error:  # as if SQLite had found it: the copy is replaced
        raise sqlite3.DatabaseError(f"an event is damaged: {error}") from error
    if b'"B":' in text or b'"BS":' in text:  # most events have no binary
        values[_IMAGES] = [
            image and {name: with_bytes(value) for name, value in image.items()}
            for image in values[_IMAGES]
        ]
    return values


def _number(value: str | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _as_json(value: Any) -> str:
    match value:
        case Decimal():
            return digits(value)
        case datetime():
            return value.isoformat()
        case _:
            return base64.b64encode(bytes(value)).decode()
