"""An event is kept whole, images included, as a compressed JSON array. Pure."""

import base64
import sqlite3
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.core import json_text
from app.core.events import ChangeEvent
from app.core.item import Item, with_bytes
from app.core.numbers import digits, number_of

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


def encoded(event: ChangeEvent) -> bytes:
    """The event as bytes, for `decoded`."""
    fields = (
        event.event_key,
        event.kind,
        event.product_id,
        event.product_name,
        event.before,
        event.after,
        event.changed,
        _digits(event.stock_before),
        _digits(event.stock_after),
        event.occurred_at.isoformat(),
        event.event_name,
        event.sequence_number,
        event.view_type,
        event.actor,
        event.reason,
        event.note,
        event.reference,
        event.request_id,
        event.category,
        event.unit,
        event.images_omitted,
        event.reverses,
    )
    packer = zlib.compressobj(_LEVEL, zdict=_DICTIONARY)
    return packer.compress(json_text.dumps(fields, default=_base64)) + packer.flush()


def decoded(data: bytes) -> ChangeEvent:
    """The event that `encoded` made these bytes of.

    Raises:
        sqlite3.DatabaseError: the bytes are damaged.

    """
    fields = _fields(data)
    return ChangeEvent(
        event_key=fields[0],
        kind=fields[1],
        product_id=fields[2],
        product_name=fields[3],
        before=fields[4],
        after=fields[5],
        changed=tuple(fields[6]),
        stock_before=number_of(fields[7]),
        stock_after=number_of(fields[8]),
        occurred_at=datetime.fromisoformat(fields[9]).astimezone(UTC),
        event_name=fields[10],
        sequence_number=fields[11],
        view_type=fields[12],
        actor=fields[13],
        reason=fields[14],
        note=fields[15],
        reference=fields[16],
        request_id=fields[17],
        category=fields[18],
        unit=fields[19],
        images_omitted=fields[20],
        reverses=fields[21],
    )


def images(data: bytes) -> tuple[Item | None, Item | None]:
    """The images before and after; about twice as fast as the whole event. Raises as `decoded`."""
    before, after = _fields(data)[4:6]
    return before, after


def _fields(data: bytes) -> list[Any]:
    try:
        text = zlib.decompressobj(zdict=_DICTIONARY).decompress(data)
        fields: list[Any] = json_text.loads(text)
    except (zlib.error, ValueError) as error:  # as if SQLite had found it: the copy is replaced
        raise sqlite3.DatabaseError(f"an event is damaged: {error}") from error
    if b'"B":' in text or b'"BS":' in text:  # most events have no binary
        fields[4:6] = [
            image and {name: with_bytes(value) for name, value in image.items()}
            for image in fields[4:6]
        ]
    return fields


def _digits(number: Decimal | None) -> str | None:
    return None if number is None else digits(number)


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()
