"""Builders for items, stream records, events and arrivals, with useful defaults.

A `Change` describes a record once; `as_boto3` gives it as GetRecords through boto3 does,
`as_lambda` as Lambda does (stream fact 22).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from app.core.events import ChangeEvent, rfc3339
from app.core.item import DEFAULT_NAMES, text
from app.core.metadata import DeleteMark, Metadata
from app.core.stamps import Stamps
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor

LABEL = "2026-11-03T09:00:00.000"
STREAM_ARN = f"arn:aws:dynamodb:eu-central-1:123456789012:table/Products/stream/{LABEL}"
NOON = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")

Item = dict[str, Any]


def an_item(product_id: str = "P1", **attributes: Any) -> Item:
    """An item in typed form, made of strings, integers, booleans and bytes; a dict is kept."""
    return {"ProductID": {"S": product_id}} | {
        name: _typed(value) for name, value in attributes.items()
    }


def _typed(value: Any) -> Any:
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case _:
            return value


STAMPS = Stamps("Products", DEFAULT_NAMES, {"k1": b"k" * 32})


def stamped(
    item: Item, request_id: str = "r-1", *, before: Item | None = None, **stamp: Any
) -> Item:
    """The item with the signed stamp of a write by Stockpulse that made it from `before`."""
    given = {
        "version": 1,
        "created_at": "2026-11-01T08:00:00Z",
        "updated_at": rfc3339(NOON),
        "actor": "ada",
        "reason": "sold",
        "note": "two boxes",
        "reference": "SO-7",
    }
    metadata = Metadata(request_id=request_id, **(given | stamp))
    return dict(STAMPS.signed(before, item, metadata))


def marked_for_deletion(item: Item, at: datetime = NOON, **mark: Any) -> Item:
    """The item with a signed delete mark by Stockpulse."""
    given = {
        "at": rfc3339(at),
        "actor": "ada",
        "reason": "correction",
        "note": "listed twice",
        "request_id": "r-9",
    }
    return dict(STAMPS.marked(item, DeleteMark(**(given | mark))))


@dataclass(frozen=True)
class Change:
    """A change to an item, independent of host and view type."""

    event_name: str
    before: Item | None
    after: Item | None
    view: str = "NEW_AND_OLD_IMAGES"
    sequence_number: str = "100000000000000000001"
    at: datetime = NOON
    by_ttl: bool = False

    @property
    def keys(self) -> Item:
        """The item's key."""
        return {"ProductID": (self.after or self.before or {})["ProductID"]}

    @property
    def images(self) -> Item:
        """The images that the view carries; a missing one is absent, not empty (stream fact 21)."""
        images: Item = {}
        if self.before is not None and self.view in {"NEW_AND_OLD_IMAGES", "OLD_IMAGE"}:
            images["OldImage"] = self.before
        if self.after is not None and self.view in {"NEW_AND_OLD_IMAGES", "NEW_IMAGE"}:
            images["NewImage"] = self.after
        return images


def inserted(after: Item, **more: Any) -> Change:
    """A new item."""
    return Change("INSERT", None, after, **more)


def modified(before: Item, after: Item, **more: Any) -> Change:
    """A changed item."""
    return Change("MODIFY", before, after, **more)


def removed(before: Item, **more: Any) -> Change:
    """A deleted item."""
    return Change("REMOVE", before, None, **more)


def as_boto3(change: Change) -> dict[str, Any]:
    """The record as GetRecords gives it through boto3: datetimes, bytes, `PrincipalId`."""
    elsewhere = timezone(timedelta(hours=2))  # boto3 uses the machine's time zone
    record: dict[str, Any] = {
        "eventID": "1",
        "eventName": change.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": change.at.astimezone(elsewhere),
            "Keys": change.keys,
            "SequenceNumber": change.sequence_number,
            "SizeBytes": 59,
            "StreamViewType": change.view,
            **change.images,
        },
    }
    if change.by_ttl:
        record["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    return record


def as_lambda(change: Change) -> dict[str, Any]:
    """The record as Lambda gives it: epoch seconds, base64 text, `principalId`, a stream ARN."""
    record = as_boto3(change)
    record["eventSourceARN"] = STREAM_ARN
    record["dynamodb"] |= {
        "ApproximateCreationDateTime": change.at.timestamp(),
        **{name: _in_base64({"M": image})["M"] for name, image in change.images.items()},
    }
    if change.by_ttl:
        record["userIdentity"] = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    return record


def _in_base64(value: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, inner),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64encode(inner).decode()}
        case "BS":
            return {"BS": [base64.b64encode(member).decode() for member in inner]}
        case "M":
            return {"M": {name: _in_base64(member) for name, member in inner.items()}}
        case "L":
            return {"L": [_in_base64(member) for member in inner]}
        case _:
            return {kind: inner}


def an_event(number: int = 1, **fields: Any) -> ChangeEvent:
    """A sale of three from twelve; each `number` gives its own event key."""
    sequence_number = str(100_000_000_000_000_000_000 + number)
    values: dict[str, Any] = {
        "event_key": f"{LABEL}#{sequence_number:0>40}",
        "kind": "stock_changed",
        "product_id": "P1",
        "product_name": "Blue mug",
        "before": an_item(ProductName="Blue mug", Stock=12, Category="Kitchen"),
        "after": an_item(ProductName="Blue mug", Stock=9, Category="Kitchen"),
        "changed": ("Stock",),
        "stock_before": 12,
        "stock_after": 9,
        "actor": "ada",
        "reason": "sold",
        "note": None,
        "reference": None,
        "request_id": "r-1",
        "occurred_at": NOON,
        "event_name": "MODIFY",
        "sequence_number": sequence_number,
        "view_type": "NEW_AND_OLD_IMAGES",
    }
    values |= fields
    values.setdefault("category", text(values["after"] or values["before"], "Category"))
    return ChangeEvent(**values)


def a_cursor(number: int, writer: str = "0000abcd") -> Cursor:
    """The cursor of arrival `number`; arrivals are one millisecond apart."""
    return Cursor(NOON_MS + number, writer, 0)


def an_arrival(number: int, **fields: Any) -> Arrived:
    """Event `number`, under cursor `number`."""
    return a_cursor(number), an_event(number, **fields)


def arrivals(numbers: Iterable[int], **fields: Any) -> Sequence[Arrived]:
    """The events of these numbers with their cursors, in the given order."""
    return [an_arrival(number, **fields) for number in numbers]
