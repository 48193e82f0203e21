"""A stream record becomes a ChangeEvent by a pure function, whichever host handed it over.

GetRecords (through boto3) and Lambda differ in shape: see FACTS §1.22. Both are made one
at the edge; everything after that is about meaning.
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

# Seconds after its stamp in which a delete is believed to be the stamp's (DESIGN §3).
DELETE_STAMP_LIFE = 60

_SEQUENCE_DIGITS = 40
_DIGITS = re.compile(r"[0-9]+")


# What stands for a part of a record that cannot be made out.
UNKNOWN = "unknown"


class UndecodableRecord(Exception):
    """The record does not have the shape of a DynamoDB stream record; the message says where."""


def process_event(
    record: Mapping[str, Any], names: AttributeNames = DEFAULT_NAMES
) -> tuple[str, int | None]:
    """The product id and new stock of a record, as the well-known tutorials have it.

    The minimal record `{"dynamodb": {"NewImage": {"ProductID": {"S": "P123"}, "Stock":
    {"N": "50"}}}}` gives `("P123", 50)`; a record without a new image gives `(id, None)`.

    Raises:
        UndecodableRecord: no product id is to be found.

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
    """The change that a record tells.

    Raises:
        UndecodableRecord: a part that every stream record has is missing or malformed, or its
            stream is not known.

    """
    if "/stream/" not in stream_arn:  # its label begins every event key
        raise UndecodableRecord(f"the record's stream is not known: {stream_arn!r}")
    try:
        return _decode(record, stream_arn, names)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UndecodableRecord(f"not a stream record: {type(error).__name__}: {error}") from error


def identify(record: Any, names: AttributeNames = DEFAULT_NAMES) -> tuple[str, str]:
    """Product id and sequence number, or `unknown`, of whatever came from the stream."""
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
    """The last sequence number in a page that can be read; None if there is none."""
    numbers = (identify(record)[1] for record in reversed(records))
    return next((number for number in numbers if number.isdecimal()), None)


def stream_label(stream_arn: str) -> str:
    """What tells a table's streams apart; greater for a later one."""
    return stream_arn.rpartition("/stream/")[2]


def event_key(stream_arn: str, sequence_number: str) -> str:
    """Stream label and padded sequence number: greater for later records of one stream."""
    return f"{stream_label(stream_arn)}#{sequence_number:0>{_SEQUENCE_DIGITS}}"


def _decode(record: Mapping[str, Any], stream_arn: str, names: AttributeNames) -> ChangeEvent:
    change = record["dynamodb"]
    sequence_number = change["SequenceNumber"]
    if not _DIGITS.fullmatch(sequence_number) or len(sequence_number) > _SEQUENCE_DIGITS:
        raise ValueError(f"sequence number {sequence_number!r}")
    product_id = product_id_of(change["Keys"][names.key]["S"])
    if product_id.startswith(RESERVED):
        raise ValueError("a product id that begins with U+0000 is reserved for gaps")
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
            raise ValueError(f"event name {event_name!r}")


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
    """Who and why, where the images prove that the stamp belongs to this very change."""
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
        return False  # another program's way of marking deletions, perhaps
    try:
        age = (occurred_at - datetime.fromisoformat(stamped)).total_seconds()
    except (ValueError, TypeError):  # other programs may write what they like
        return False
    # The record's time has whole seconds (FACTS §1.17), so it may seem earlier than the stamp.
    return abs(age) <= DELETE_STAMP_LIFE


def changed_names(before: Item | None, after: Item | None) -> tuple[str, ...]:
    """Names of attributes that differ, bookkeeping aside; empty where an image is absent."""
    if before is None or after is None:
        return ()
    return tuple(sorted(_differing(before, after) - BOOKKEEPING))


def _differing(before: Item, after: Item) -> set[str]:
    """Names whose values differ in meaning: sets have no order, and `1.50` is `1.5`."""
    names = before.keys() | after.keys()
    unlike = {name for name in names if before.get(name) != after.get(name)}
    return {
        name
        for name in unlike
        if name not in before
        or name not in after
        or canonical({name: before[name]}) != canonical({name: after[name]})
    }


def _is_expiry(identity: Mapping[str, Any] | None) -> bool:
    """TTL deletions name DynamoDB itself (FACTS §1.20); boto3 and Lambda spell the keys apart."""
    folded = {name.lower(): value for name, value in (identity or {}).items()}
    return folded.get("principalid") == "dynamodb.amazonaws.com"
