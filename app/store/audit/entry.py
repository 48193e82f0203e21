"""An audit entry is a pure function of its stream record and the signing key, byte for byte.

Writing it again, elsewhere or later, therefore changes nothing. An entry has the hashes of its
images and an HMAC over all other fields, so the HMAC covers the images through their hashes.
"""

import hmac
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any

from app.core.events import ChangeEvent, rfc3339
from app.core.item import Item, canonical, digest, from_canonical
from app.core.keys import full_id, id_in, row_id
from app.core.numbers import digits, is_storable, number_of

FORMAT = "1"


class ImageForm(Enum):
    """How an entry stores its images; the first form that fits into 400 KB is used."""

    PLAIN = "plain"
    COMPRESSED = "compressed"
    OMITTED = "omitted"


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs new entries, and how long they are kept (None: for ever).

    `older` are further keys, which only verify.
    """

    key_id: str
    key: bytes
    retention: timedelta | None = None
    older: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, bytes]:
        """Every key by its id, the one that signs first."""
        return {self.key_id: self.key, **self.older}

    def entry(self, event: ChangeEvent, form: ImageForm = ImageForm.PLAIN) -> dict[str, Any]:
        """The event as an item of the audit table."""
        fields = _fields(event, self.key_id)
        if form is ImageForm.OMITTED:
            fields["ImagesOmitted"] = {"BOOL": True}
        entry: dict[str, Any] = {
            **fields,
            **_images(event, form),
            "HMAC": {"S": signature(fields, self.key)},
        }
        if self.retention is not None:
            expires = int((event.occurred_at + self.retention).timestamp())
            entry["ExpiresAt"] = {"N": str(expires)}
        return entry


def signature(fields: Item, key: bytes) -> str:
    """HMAC-SHA256, in hex, over the entry's fields without images, HMAC and expiry."""
    return hmac.new(key, canonical(fields), sha256).hexdigest()


def event_of(entry: Mapping[str, Any]) -> ChangeEvent:
    """The event in an entry."""
    before, after = _image(entry, "Before"), _image(entry, "After")
    return ChangeEvent(
        event_key=entry["EventKey"]["S"],
        kind=entry["Kind"]["S"],
        product_id=id_in(entry),
        product_name=_text(entry, "ProductName"),
        before=before,
        after=after,
        changed=tuple(name["S"] for name in entry.get("Changed", {}).get("L", ())),
        stock_before=_count(entry, "StockBefore"),
        stock_after=_count(entry, "StockAfter"),
        actor=_text(entry, "Actor"),
        reason=_text(entry, "Reason"),
        note=_text(entry, "Note"),
        reference=_text(entry, "Reference"),
        request_id=_text(entry, "RequestID"),
        reverses=_text(entry, "Reverses"),
        occurred_at=datetime.fromisoformat(entry["OccurredAt"]["S"]).astimezone(UTC),
        event_name=entry["EventName"]["S"],
        sequence_number=entry["SequenceNumber"]["S"],
        view_type=entry["ViewType"]["S"],
        category=_text(entry, "Category"),
        unit=_text(entry, "Unit"),
        images_omitted="ImagesOmitted" in entry,
    )


def _fields(event: ChangeEvent, key_id: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "ProductID": {"S": row_id(event.product_id)},
        **full_id(event.product_id),
        "EventKey": {"S": event.event_key},
        "Format": {"N": FORMAT},
        "KeyID": {"S": key_id},
        "Kind": {"S": event.kind},
        "EventName": {"S": event.event_name},
        "OccurredAt": {"S": rfc3339(event.occurred_at)},
        "SequenceNumber": {"S": event.sequence_number},
        "ViewType": {"S": event.view_type},
    }
    optional: dict[str, Any] = {
        "ProductName": event.product_name,
        "Category": event.category,
        "Unit": event.unit,
        "Actor": event.actor,
        "Reason": event.reason,
        "Note": event.note,
        "Reference": event.reference,
        "RequestID": event.request_id,
        "Reverses": event.reverses,
        "BeforeHash": None if event.before is None else digest(event.before),
        "AfterHash": None if event.after is None else digest(event.after),
    }
    numbers = {
        "StockBefore": event.stock_before,
        "StockAfter": event.stock_after,
        "Delta": event.delta,
    }
    fields |= {name: {"S": value} for name, value in optional.items() if value is not None}
    for name, value in numbers.items():
        if value is not None:
            # The difference of two numbers of DynamoDB can be none itself.
            fields[name] = {"N" if is_storable(value) else "S": digits(value)}
    if event.changed:
        fields["Changed"] = {"L": [{"S": name} for name in event.changed]}
    return fields


def _images(event: ChangeEvent, form: ImageForm) -> dict[str, Any]:
    images = {
        name: image
        for name, image in (("Before", event.before), ("After", event.after))
        if image is not None
    }
    match form:
        case ImageForm.PLAIN:
            return {name: {"M": image} for name, image in images.items()}
        case ImageForm.COMPRESSED:
            return {
                f"{name}Z": {"B": zlib.compress(canonical(image), 9)}
                for name, image in images.items()
            }
        case ImageForm.OMITTED:
            return {}


def _image(entry: Mapping[str, Any], name: str) -> Item | None:
    if name in entry:
        image: Item = entry[name]["M"]
        return image
    packed = entry.get(f"{name}Z")
    if packed is None:
        return None
    return from_canonical(zlib.decompress(bytes(packed["B"])))


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    found = entry.get(name)
    value: str | None = None if found is None else found.get("S")
    return value


def _count(entry: Mapping[str, Any], name: str) -> Decimal | None:
    found = entry.get(name)
    return None if found is None else number_of(found.get("N"))
