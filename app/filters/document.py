"""A pattern is matched against the delivered event and the stream record, in one document.

A pattern may name fields of the CloudEvents object (`type`, `data.kind`, `data.stock_after`), or
fields as in an event source mapping (`dynamodb.NewImage.Stock.N`), or both.
"""

import base64
from collections.abc import Callable
from typing import Any

from app.core.events import ChangeEvent, cloud_event
from app.core.item import AttributeValue, Item
from app.core.keys import TEXT_KEY, KeySchema, NotAnID
from app.filters.pattern import Pattern


def wants(pattern: Pattern, table: str, key: KeySchema = TEXT_KEY) -> Callable[[ChangeEvent], bool]:
    """A function that returns whether an event matches the pattern."""
    return lambda event: pattern.matches(document_of(event, table, key))


def document_of(event: ChangeEvent, table: str, key: KeySchema = TEXT_KEY) -> dict[str, Any]:
    """The document that a pattern is matched against.

    `table` is the products table's name, `key` its key. Images are absent if
    the stream's view type leaves them out, or if they are omitted because of their size.
    """
    return cloud_event(event, table) | {
        "eventName": event.event_name,
        "dynamodb": _record(event, key),
    }


def _record(event: ChangeEvent, key: KeySchema) -> dict[str, Any]:
    record: dict[str, Any] = {
        "Keys": _keys(event.product_id, key),
        "SequenceNumber": event.sequence_number,
        "StreamViewType": event.view_type,
    }
    for name, image in (("NewImage", event.after), ("OldImage", event.before)):
        if image is not None:
            record[name] = typed(image)
    return record


def _keys(product_id: str, key: KeySchema) -> dict[str, Any]:
    try:
        return typed(key.key_of(product_id))
    except NotAnID:  # a gap of a whole shard
        return {}


def typed(image: Item) -> dict[str, Any]:
    """An image in DynamoDB JSON, with binary as base64, as in Lambda's events."""
    return {name: _json(value) for name, value in image.items()}


def _json(value: AttributeValue) -> dict[str, Any]:
    ((kind, inner),) = value.items()
    match kind:
        case "B":
            return {"B": _base64(inner)}
        case "BS":
            return {"BS": [_base64(member) for member in inner]}
        case "SS" | "NS":
            return {kind: list(inner)}
        case "M":
            return {"M": typed(inner)}
        case "L":
            return {"L": [_json(member) for member in inner]}
        case _:
            return {kind: inner}


def _base64(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()
