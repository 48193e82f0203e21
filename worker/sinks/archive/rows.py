"""An event as a row of a file: what the audit knows about it, with both images as DynamoDB JSON.

Numbers are decimal text, because DynamoDB's have more digits than a float. No I/O.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core import json_text
from app.core.events import ChangeEvent, rfc3339
from app.core.item import Item, with_bytes
from app.core.numbers import digits, number_of
from app.store.feed.cursor import Cursor

Row = Mapping[str, Any]

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)

# The columns in order. `cursor` is null in files of redriven events: they have arrived before.
TEXTS = (
    "cursor",
    "id",
    "event_key",
    "kind",
    "product_id",
    "product_name",
    "category",
    "unit",
    "stock_before",
    "stock_after",
    "delta",
    "actor",
    "reason",
    "note",
    "reference",
    "request_id",
    "reverses",
    "event_name",
    "sequence_number",
    "view_type",
    "before",
    "after",
)
COLUMNS = (*TEXTS, "occurred_at", "changed", "images_omitted")

# What decides which event is a product's last; then, what it left, and its place in the chain.
CHOOSING = ("product_id", "event_key", "kind", "event_name", "occurred_at")
STATE = ("product_id", "kind", "occurred_at", "view_type", "after", "images_omitted")
LINK = (*CHOOSING, "view_type", "before", "after", "request_id")


def row_of(cursor: Cursor | None, event: ChangeEvent) -> dict[str, Any]:
    """The row of an event; `occurred_at` is a time, all else is JSON."""
    return {
        "cursor": None if cursor is None else str(cursor),
        "id": event.id,
        "event_key": event.event_key,
        "kind": event.kind,
        "product_id": event.product_id,
        "product_name": _whole(event.product_name),
        "category": _whole(event.category),
        "unit": _whole(event.unit),
        "stock_before": _number(event.stock_before),
        "stock_after": _number(event.stock_after),
        "delta": _number(event.delta),
        "actor": _whole(event.actor),
        "reason": _whole(event.reason),
        "note": _whole(event.note),
        "reference": _whole(event.reference),
        "request_id": _whole(event.request_id),
        "reverses": event.reverses,
        "event_name": event.event_name,
        "sequence_number": event.sequence_number,
        "view_type": event.view_type,
        "before": _json(event.before),
        "after": _json(event.after),
        "occurred_at": _in_ms(event.occurred_at),
        "changed": [_whole(name) for name in event.changed],
        "images_omitted": event.images_omitted,
    }


def size_of(row: Row) -> int:
    """The size of a row in bytes, roughly."""
    return 500 + len(row["before"] or "") + len(row["after"] or "")


def json_row(row: Row) -> dict[str, Any]:
    """The row as JSON values, for NDJSON."""
    return {**row, "occurred_at": rfc3339(row["occurred_at"])}


def from_json(row: Row) -> dict[str, Any]:
    """The row from its JSON values."""
    return {**row, "occurred_at": datetime.fromisoformat(row["occurred_at"])}


def event_in(row: Row) -> ChangeEvent:
    """The event of a row."""
    return ChangeEvent(
        event_key=row["event_key"],
        kind=row["kind"],
        product_id=row["product_id"],
        product_name=row["product_name"],
        before=image_in(row["before"]),
        after=image_in(row["after"]),
        changed=tuple(row["changed"] or ()),
        stock_before=number_of(row["stock_before"]),
        stock_after=number_of(row["stock_after"]),
        occurred_at=row["occurred_at"],
        event_name=row["event_name"],
        sequence_number=row["sequence_number"],
        view_type=row["view_type"],
        actor=row["actor"],
        reason=row["reason"],
        note=row["note"],
        reference=row["reference"],
        request_id=row["request_id"],
        reverses=row["reverses"],
        category=row["category"],
        unit=row["unit"],
        images_omitted=row["images_omitted"],
    )


def image_in(text: str | None) -> Item | None:
    """The item in a column with an image."""
    if text is None:
        return None
    image: Item = json_text.loads(text)
    if '"B' not in text:  # most images have no binary, and no attribute of such a name
        return image
    return {name: with_bytes(value) for name, value in image.items()}


def in_ms(moment: datetime) -> int:
    """A time as whole milliseconds since 1970."""
    return (moment - _EPOCH) // _MS


def _in_ms(moment: datetime) -> datetime:
    """The time as the audit stores it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _json(image: Item | None) -> str | None:
    if image is None:
        return None
    # Half an emoji, which is no character of UTF-8, is written as an escape.
    return json_text.dumps(image, default=_base64, sort_keys=True).decode()


def _base64(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()


def _number(number: Decimal | None) -> str | None:
    return None if number is None else digits(number)


def _whole(text: str | None) -> str | None:
    """The text without halves of emojis, which no file can hold; the image has them as escapes."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()
