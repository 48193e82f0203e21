"""Worker, broker and web exchange changes as immutable ChangeEvents.

On the wire an event is a CloudEvents 1.0 JSON object whose `data` has the same field names.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, get_args
from urllib.parse import quote

from app.core.item import Item, plain_item
from app.core.numbers import difference, json_number

Kind = Literal[
    "inserted", "stock_changed", "updated", "deleted", "expired", "internal", "gap", "reconciled"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Reason = Literal[
    "received",
    "sold",
    "returned",
    "damaged",
    "lost",
    "found",
    "counted",
    "transfer",
    "correction",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

# Stream label, `#`, sequence number padded to 40 digits, and the suffix that
# `app.store.audit.chain` adds for a `reconciled`, a `gap`, and a gap after a `reconciled`.
_EVENT_KEY = re.compile(r"[^#\x00]{1,64}#[0-9]{40}(~r[0-9]{4})?(~g[0-9]{4})?")

# Prefix of the ids of shard-wide gaps. No product id starts with it: `decode` makes such records
# dead letters.
RESERVED = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """One change to one product, decoded from its stream record.

    `before` and `after` are images in DynamoDB's typed form; None if the stream's view type
    (or, with `images_omitted`, their size) leaves them out. `delta` is set where the
    stock is known to have changed. `actor` is None for a change made outside
    Stockpulse, and if the view type cannot show who made the change.
    """

    event_key: str
    kind: Kind
    product_id: str
    product_name: str | None
    before: Item | None
    after: Item | None
    changed: tuple[str, ...]
    stock_before: Decimal | None
    stock_after: Decimal | None
    occurred_at: datetime
    event_name: str
    sequence_number: str
    view_type: str
    actor: str | None = None
    reason: str | None = None
    note: str | None = None
    reference: str | None = None
    request_id: str | None = None
    category: str | None = None  # after the change, or before it where the product is gone
    unit: str | None = None  # of the stock, read as the category is
    images_omitted: bool = False

    @property
    def id(self) -> str:
        """The event's permanent id: base64url of product id and event key."""
        return event_id(self.product_id, self.event_key)

    @property
    def product_before(self) -> Item | None:
        """The product's image before the change; None if it was no product then.

        `before` may be there nevertheless: the item became a product by this change.
        """
        return None if self.kind == "inserted" else self.before

    @property
    def product_after(self) -> Item | None:
        """The product's image after the change; None if it is no product any more."""
        return None if self.kind in {"deleted", "expired"} else self.after

    @property
    def delta(self) -> Decimal | None:
        """The stock change in units, exactly: positive for more, negative for less.

        A new product adds its stock, a deleted one removes it.
        """
        match self.kind, self.stock_before, self.stock_after:
            case "stock_changed", before, after if before is not None and after is not None:
                return difference(after, before)
            case "inserted", None, after:
                return after
            case "deleted" | "expired", before, None if before is not None:
                return -before
            case _:
                return None


def event_id(product_id: str, event_key: str) -> str:
    """Base64url, without padding, of the two parts of an audit entry's key."""
    return base64.urlsafe_b64encode(f"{product_id}\0{event_key}".encode()).decode().rstrip("=")


def split_event_id(identifier: str) -> tuple[str, str] | None:
    """(product id, event key) of an event id; None if it is not an event id."""
    key = split_id(identifier)
    return key if key is not None and is_event_key(key[1]) else None


def split_id(identifier: str) -> tuple[str, str] | None:
    """(product id, sort key) that `event_id` encoded; None if it cannot have made this id."""
    try:
        raw = base64.b64decode(
            identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True
        )
        product_id, _, sort_key = raw.decode().rpartition("\0")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    # A row has exactly one id, but base64 has several spellings of the same bytes.
    canonical = product_id and event_id(product_id, sort_key) == identifier
    return (product_id, sort_key) if canonical else None


def is_event_key(text: str) -> bool:
    """Whether this can be an audit entry's sort key."""
    return _EVENT_KEY.fullmatch(text) is not None


def rfc3339(moment: datetime) -> str:
    """An RFC 3339 time in UTC, with milliseconds only if they are not zero."""
    utc = moment.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")


def data_of(event: ChangeEvent, *, with_images: bool = True) -> dict[str, Any]:
    """The event's fields as JSON values; images as plain JSON (see `app.core.item.plain`)."""
    show = with_images and not event.images_omitted
    return {
        "id": event.id,
        "event_key": event.event_key,
        "kind": event.kind,
        "product_id": event.product_id,
        "product_name": event.product_name,
        "category": event.category,
        "before": plain_item(event.before) if show and event.before is not None else None,
        "after": plain_item(event.after) if show and event.after is not None else None,
        "images_omitted": not show,
        "changed": list(event.changed),
        "stock_before": json_number(event.stock_before),
        "stock_after": json_number(event.stock_after),
        "delta": json_number(event.delta),
        "unit": event.unit,
        "actor": event.actor,
        "reason": event.reason,
        "note": event.note,
        "reference": event.reference,
        "request_id": event.request_id,
        "occurred_at": rfc3339(event.occurred_at),
        "event_name": event.event_name,
        "sequence_number": event.sequence_number,
        "view_type": event.view_type,
    }


def cloud_event(event: ChangeEvent, table: str, *, with_images: bool = True) -> dict[str, Any]:
    """The event as a CloudEvents 1.0 object in JSON mode; `table` is the products table's name."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/tables/{quote(table)}",
        "type": f"stockpulse.product.{event.kind}",
        "subject": event.product_id,
        "time": rfc3339(event.occurred_at),
        "datacontenttype": "application/json",
        "data": data_of(event, with_images=with_images),
    }
