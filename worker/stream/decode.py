"""A pure function turns a stream record into a ChangeEvent, whichever host delivers it.

GetRecords (through boto3) and Lambda deliver different shapes (stream fact 22). `record_shapes`
normalises them; this module interprets them.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.core.authorship import NOBODY, author_of, is_mark_only
from app.core.differences import differing_names, shown_names
from app.core.events import ChangeEvent, Kind
from app.core.item import (
    DEFAULT_NAMES,
    AttributeNames,
    Item,
    stock,
    text,
)
from app.core.keys import KeySchema
from app.core.roles import EXPIRY
from app.core.stamps import Stamps
from worker.stream.record_shapes import image, is_sequence_number, moment

_UNSIGNED = Stamps("")  # proves nothing
_SEQUENCE_DIGITS = 40


# Replaces a part of a record that cannot be read.
UNKNOWN = "unknown"


class UndecodableRecord(Exception):
    """The record is not a valid DynamoDB stream record; the message says what is wrong."""


class NotAProduct(Exception):
    """The record is of an item that is no product, neither before nor after the change."""


def process_event(
    record: Mapping[str, Any], names: AttributeNames = DEFAULT_NAMES
) -> tuple[str, Decimal | None]:
    """Return the product id and new stock of a record, as the well-known tutorials do.

    The minimal record `{"dynamodb": {"NewImage": {"ProductID": {"S": "P123"}, "Stock": {"N":
    "50"}}}}` gives `("P123", 50)`; a record without a new image gives `(id, None)`.

    Raises:
        UndecodableRecord: the record holds no product id.

    """
    try:
        change = record["dynamodb"]
        new = change.get("NewImage")
        attributes = new or change.get("Keys") or change.get("OldImage") or {}
        count = stock(new, names)
    except (KeyError, TypeError, AttributeError) as error:
        raise UndecodableRecord("not a stream record") from error
    try:
        return names.key.id_of(attributes), count
    except (KeyError, ValueError, TypeError):
        raise UndecodableRecord(f"the record holds no key {names.key.form}") from None


def decode(record: Mapping[str, Any], stream_arn: str, stamps: Stamps = _UNSIGNED) -> ChangeEvent:
    """Decode the change that a record describes; `stamps` proves who made it.

    Raises:
        UndecodableRecord: a required part of the record is missing or malformed, or its stream is
            unknown.
        NotAProduct: the record does not concern a product.

    """
    if "/stream/" not in stream_arn:  # its label is part of every event key
        raise UndecodableRecord(f"the record's stream is unknown: {stream_arn!r}")
    try:
        return _decode(record, stream_arn, stamps)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UndecodableRecord(f"not a stream record: {type(error).__name__}: {error}") from error


def identify(record: Any, names: AttributeNames = DEFAULT_NAMES) -> tuple[str, str]:
    """Return the product id and sequence number of any value; `unknown` for what is missing."""
    try:
        change = record["dynamodb"]
        sequence_number = str(change["SequenceNumber"])
    except (KeyError, TypeError):
        return UNKNOWN, UNKNOWN
    try:
        return names.key.id_of(image(change["Keys"]) or {}), sequence_number
    except (KeyError, TypeError, ValueError, AttributeError):
        return UNKNOWN, sequence_number


def last_number(records: Sequence[Any]) -> str | None:
    """Return the last readable sequence number in a page; None if there is none."""
    numbers = (identify(record)[1] for record in reversed(records))
    return next((number for number in numbers if number.isdecimal()), None)


def stream_label(stream_arn: str) -> str:
    """The timestamp label that distinguishes a table's streams; greater for a later stream."""
    return stream_arn.rpartition("/stream/")[2]


def event_key(stream_arn: str, sequence_number: str) -> str:
    """Stream label and padded sequence number: greater for later records of one stream."""
    return f"{stream_label(stream_arn)}#{sequence_number:0>{_SEQUENCE_DIGITS}}"


def _decode(record: Mapping[str, Any], stream_arn: str, stamps: Stamps) -> ChangeEvent:
    names, change = stamps.names, record["dynamodb"]
    sequence_number = change["SequenceNumber"]
    if not is_sequence_number(sequence_number):
        raise ValueError(f"invalid sequence number {sequence_number!r}")
    keys = image(change["Keys"]) or {}
    product_id = _product_id(keys, names.key)
    before, after = image(change.get("OldImage")), image(change.get("NewImage"))
    occurred_at = moment(change["ApproximateCreationDateTime"])
    event_name = str(record["eventName"])
    differing: set[str] = set()
    if before is not None and after is not None:
        differing = differing_names(before, after, names)
    view_type = str(change.get("StreamViewType", "NEW_AND_OLD_IMAGES"))
    was, is_product = _products(before, after, keys, view_type, names)
    if not (was or is_product):
        raise NotAProduct(product_id)
    kind = _kind(record, event_name, before, after, differing, stamps)
    if event_name == "MODIFY" and was != is_product:
        kind = "inserted" if is_product else "deleted"
    shown = (after if is_product else before) or before
    author = author_of(event_name, before, after, occurred_at, view_type, differing, stamps)
    if event_name == "REMOVE" and author.actor == EXPIRY:  # by us, on the embedded engine
        kind = "expired"
    if kind == "expired":
        author = NOBODY
    return ChangeEvent(
        event_key=event_key(stream_arn, sequence_number),
        kind=kind,
        product_id=product_id,
        product_name=text(shown, names.name),
        category=text(shown, names.category),
        unit=text(shown, names.unit),
        before=before,
        after=after,
        changed=shown_names(differing, names, by_other=author == NOBODY),
        stock_before=stock(before, names) if was else None,
        stock_after=stock(after, names) if is_product else None,
        occurred_at=occurred_at,
        event_name=event_name,
        sequence_number=sequence_number,
        view_type=view_type,
        actor=author.actor,
        reason=author.reason,
        note=author.note,
        reference=author.reference,
        request_id=author.request_id,
        reverses=author.reverses,
    )


def _product_id(keys: Item, schema: KeySchema) -> str:
    found = {(name, kind) for name, value in keys.items() for kind in value}
    if found != {(part.name, part.kind) for part in schema.parts}:
        shown = ", ".join(f"{name} ({kind})" for name, kind in sorted(found))
        expected = ", ".join(f"{part.name} ({part.kind})" for part in schema.parts)
        raise UndecodableRecord(
            f"the record's key is {shown or 'empty'}, but the products table's key is {expected}"
        )
    return schema.id_of(keys)


def _products(
    before: Item | None, after: Item | None, keys: Item, view_type: str, names: AttributeNames
) -> tuple[bool, bool]:
    """Whether the item was a product before the change, and whether it is one after it.

    Raises:
        UndecodableRecord: the view type leaves out images that the selection needs. `with_key`
            checks that at the start; since then, the stream was replaced.

    """
    if names.selects is None:
        return True, True
    if view_type == "NEW_AND_OLD_IMAGES":
        return names.is_product(before), names.is_product(after)
    if names.selects.names - keys.keys():
        raise UndecodableRecord(f"STOCKPULSE_PRODUCTS_FILTER cannot be applied to {view_type}")
    return (names.is_product(keys),) * 2


def _kind(
    record: Mapping[str, Any],
    event_name: str,
    before: Item | None,
    after: Item | None,
    differing: set[str],
    stamps: Stamps,
) -> Kind:
    names = stamps.names
    match event_name:
        case "INSERT":
            return "inserted"
        case "REMOVE":
            return "expired" if _is_expiry(record.get("userIdentity")) else "deleted"
        case "MODIFY":
            if before is None or after is None:
                return "updated"
            seen = {name for name in differing if not names.is_ignored(name)}
            if differing and (
                not seen or (seen == {names.metadata} and is_mark_only(before, after, stamps))
            ):
                return "internal"
            stocks = (stock(before, names), stock(after, names))
            return "stock_changed" if None not in stocks and stocks[0] != stocks[1] else "updated"
        case _:
            raise ValueError(f"unknown event name {event_name!r}")


def _is_expiry(identity: Mapping[str, Any] | None) -> bool:
    """Whether DynamoDB's TTL deleted the item (stream fact 20); boto3 and Lambda differ in case."""
    folded = {name.lower(): value for name, value in (identity or {}).items()}
    return folded.get("principalid") == "dynamodb.amazonaws.com"
