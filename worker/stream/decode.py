"""A pure function turns a stream record into a ChangeEvent, whichever host delivers it.

GetRecords (through boto3) and Lambda deliver different shapes (stream fact 22). `record_shapes`
normalises them; this module interprets them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from app.core.events import RESERVED, ChangeEvent, Kind
from app.core.item import (
    BOOKKEEPING,
    DEFAULT_NAMES,
    DELETE_STAMP,
    AttributeNames,
    Item,
    canonical,
    stock,
    text,
)
from worker.stream.record_shapes import image, moment, product_id_of

# A delete mark belongs to a deletion at most this many seconds after it.
DELETE_STAMP_LIFE = 60

_SEQUENCE_DIGITS = 40
_DIGITS = re.compile(r"[0-9]+")


# Replaces a part of a record that cannot be read.
UNKNOWN = "unknown"


class UndecodableRecord(Exception):
    """The record is not a valid DynamoDB stream record; the message says what is wrong."""


def process_event(
    record: Mapping[str, Any], names: AttributeNames = DEFAULT_NAMES
) -> tuple[str, int | None]:
    """Return the product id and new stock of a record, as the well-known tutorials do.

    The minimal record `{"dynamodb": {"NewImage": {"ProductID": {"S": "P123"}, "Stock": {"N":
    "50"}}}}` gives `("P123", 50)`; a record without a new image gives `(id, None)`.

    Raises:
        UndecodableRecord: the record holds no product id.

    """
    try:
        change = record["dynamodb"]
        new = change.get("NewImage")
        product_id = text(new or change.get("Keys") or change.get("OldImage"), names.key)
        count = stock(new, names)
    except (KeyError, TypeError, AttributeError) as error:
        raise UndecodableRecord("not a stream record") from error
    if product_id is None:
        raise UndecodableRecord(f"the record holds no {names.key} of type S")
    return product_id, count


def decode(
    record: Mapping[str, Any], stream_arn: str, names: AttributeNames = DEFAULT_NAMES
) -> ChangeEvent:
    """Decode the change that a record describes.

    Raises:
        UndecodableRecord: a required part of the record is missing or malformed, or its stream is
            unknown.

    """
    if "/stream/" not in stream_arn:  # its label is part of every event key
        raise UndecodableRecord(f"the record's stream is unknown: {stream_arn!r}")
    try:
        return _decode(record, stream_arn, names)
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
        return product_id_of(change["Keys"][names.key]["S"]), sequence_number
    except (KeyError, TypeError, ValueError):
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


def _decode(record: Mapping[str, Any], stream_arn: str, names: AttributeNames) -> ChangeEvent:
    change = record["dynamodb"]
    sequence_number = change["SequenceNumber"]
    if not _DIGITS.fullmatch(sequence_number) or len(sequence_number) > _SEQUENCE_DIGITS:
        raise ValueError(f"invalid sequence number {sequence_number!r}")
    product_id = product_id_of(change["Keys"][names.key]["S"])
    if product_id.startswith(RESERVED):
        raise ValueError("product ids that begin with U+0000 are reserved for gaps")
    before, after = image(change.get("OldImage")), image(change.get("NewImage"))
    occurred_at = moment(change["ApproximateCreationDateTime"])
    event_name = str(record["eventName"])
    kind = _kind(record, event_name, before, after, names)
    stamp = _stamp(kind, event_name, before, after, occurred_at)
    return ChangeEvent(
        event_key=event_key(stream_arn, sequence_number),
        kind=kind,
        product_id=product_id,
        product_name=text(after or before, names.name),
        category=text(after or before, "Category"),
        before=before,
        after=after,
        changed=changed_names(before, after),
        stock_before=stock(before, names),
        stock_after=stock(after, names),
        occurred_at=occurred_at,
        event_name=event_name,
        sequence_number=sequence_number,
        view_type=str(change.get("StreamViewType", "NEW_AND_OLD_IMAGES")),
        **stamp,
    )


def _kind(
    record: Mapping[str, Any],
    event_name: str,
    before: Item | None,
    after: Item | None,
    names: AttributeNames,
) -> Kind:
    match event_name:
        case "INSERT":
            return "inserted"
        case "REMOVE":
            return "expired" if _is_expiry(record.get("userIdentity")) else "deleted"
        case "MODIFY":
            if before is None or after is None:
                return "updated"
            differing = _differing(before, after)
            marked = "DeletedRequestID" in before or "DeletedRequestID" in after
            if differing and differing <= DELETE_STAMP and marked:
                return "internal"
            stocks = (stock(before, names), stock(after, names))
            return "stock_changed" if None not in stocks and stocks[0] != stocks[1] else "updated"
        case _:
            raise ValueError(f"unknown event name {event_name!r}")


class _Stamp(TypedDict):
    actor: str | None
    reason: str | None
    note: str | None
    reference: str | None
    request_id: str | None


_NO_STAMP = _Stamp(actor=None, reason=None, note=None, reference=None, request_id=None)


def _stamp(
    kind: Kind, event_name: str, before: Item | None, after: Item | None, occurred_at: datetime
) -> _Stamp:
    """Actor and reason, if the images prove that the stamp belongs to this change."""
    if kind == "deleted" and before is not None and _stamped_just_now(before, occurred_at):
        return {
            "actor": text(before, "DeletedBy"),
            "reason": text(before, "DeletedReason"),
            "note": text(before, "DeletedNote"),
            "reference": None,
            "request_id": text(before, "DeletedRequestID"),
        }
    fresh = event_name == "INSERT" or (
        before is not None and text(before, "RequestID") != text(after, "RequestID")
    )
    if after is None or not fresh or text(after, "RequestID") is None:
        return _NO_STAMP
    return {
        "actor": text(after, "UpdatedBy"),
        "reason": text(after, "Reason"),
        "note": text(after, "Note"),
        "reference": text(after, "Reference"),
        "request_id": text(after, "RequestID"),
    }


def _stamped_just_now(before: Item, occurred_at: datetime) -> bool:
    stamped = text(before, "DeletedAt")
    if stamped is None or text(before, "DeletedRequestID") is None:
        return False  # perhaps another program marks deletions under this name
    try:
        age = (occurred_at - datetime.fromisoformat(stamped)).total_seconds()
    except (ValueError, TypeError):  # other programs may write anything here
        return False
    # The record's time has whole seconds (stream fact 17), so it may precede the stamp.
    return abs(age) <= DELETE_STAMP_LIFE


def changed_names(before: Item | None, after: Item | None) -> tuple[str, ...]:
    """Names of attributes that differ, except bookkeeping; empty if an image is absent."""
    if before is None or after is None:
        return ()
    return tuple(sorted(_differing(before, after) - BOOKKEEPING))


def _differing(before: Item, after: Item) -> set[str]:
    """Names whose values differ in meaning: sets are unordered, and `1.50` equals `1.5`."""
    names = before.keys() | after.keys()
    unequal = {name for name in names if before.get(name) != after.get(name)}
    return {
        name
        for name in unequal
        if name not in before
        or name not in after
        or canonical({name: before[name]}) != canonical({name: after[name]})
    }


def _is_expiry(identity: Mapping[str, Any] | None) -> bool:
    """Whether DynamoDB's TTL deleted the item (stream fact 20); boto3 and Lambda differ in case."""
    folded = {name.lower(): value for name, value in (identity or {}).items()}
    return folded.get("principalid") == "dynamodb.amazonaws.com"
