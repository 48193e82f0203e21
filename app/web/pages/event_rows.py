"""A change's row is made from its event alone; what the event does not show is never guessed.

Pure. `static/rows/format.js` makes the same rows in the browser; `tests/js/rows.json` tests
both. What the stream's view type leaves out is shown as "not recorded".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.core.events import RESERVED, ChangeEvent, data_of, made_outside
from app.core.numbers import digits, quantity
from app.core.roles import EXPIRY, NOT_RECORDED, OUTSIDE
from app.web.pages.attribute_text import ARROW, attribute_text, found_text, shown, signed

VOID, VOID_MEANS = "Void", "The missing change arrived later"
REPEAT = "Repeat"
REPEAT_MEANS = "an earlier change once more, possibly written by another program"

_SHOWN_CHANGES = 3

# Written by Stockpulse, not read from the stream. Their note is already part of `change`.
_SYNTHETIC = {"gap", "reconciled"}

_LABELS = {
    "inserted": ("+", "New"),
    "stock_changed": ("\N{PLUS-MINUS SIGN}", "Stock"),
    "updated": ("\N{LOWER RIGHT PENCIL}", "Edited"),
    "deleted": ("\N{MULTIPLICATION SIGN}", "Deleted"),
    "expired": ("\N{WHITE CIRCLE WITH UPPER RIGHT QUADRANT}", "Expired"),
    "gap": ("!", "Gap"),
    "reconciled": ("=", "Reconciled"),
}

_DIRECTIONS = {
    "up": "\N{BLACK UP-POINTING TRIANGLE}",
    "down": "\N{BLACK DOWN-POINTING TRIANGLE}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One change as a line of text fields."""

    id: str
    kind: str
    direction: str
    mark: str
    label: str
    product_id: str
    name: str
    shown_id: str
    change: str
    who: str
    outside: bool
    reason: str
    note: str
    reference: str
    reverses: str
    occurred_at: str
    clock: str
    date: str


def row_of(
    event: ChangeEvent,
    zone: ZoneInfo,
    stock_name: str = "Stock",
    *,
    void: bool = False,
    repeat: bool = False,
) -> Row:
    """The event's row, with times in `zone`; for `void` and `repeat`, see `app.store.audit`."""
    row = row_from(data_of(event), zone, stock_name)
    if repeat:
        return replace(row, label=REPEAT, change=f"{row.change} · {REPEAT_MEANS}")
    return replace(row, label=VOID, change=f"{VOID_MEANS} ({row.change})") if void else row


def row_from(data: Mapping[str, Any], zone: ZoneInfo, stock_name: str = "Stock") -> Row:
    """The row of an event's data, in its JSON shape (`data_of`)."""
    kind = str(data["kind"])
    mark, label = _LABELS.get(kind, ("", kind))
    direction = _direction(data)
    name = _name(data)
    local = datetime.fromisoformat(data["occurred_at"]).astimezone(zone)
    hides_id = name == data["product_id"] or _is_shard(data["product_id"])
    return Row(
        id=data["id"],
        kind=kind,
        direction=direction,
        mark=_DIRECTIONS.get(direction, mark),
        label=label,
        product_id=data["product_id"],
        name=name,
        shown_id="" if hides_id else data["product_id"],
        change=change_text(data, stock_name),
        who=who(data),
        outside=is_outside(data),
        reason=data["reason"] or "",
        note="" if kind in _SYNTHETIC else data["note"] or "",
        reference=data["reference"] or "",
        reverses=data.get("reverses") or "",
        occurred_at=data["occurred_at"],
        clock=local.strftime("%H:%M:%S"),
        date=local.strftime("%Y-%m-%d"),
    )


def change_text(data: Mapping[str, Any], stock_name: str = "Stock") -> str:
    """What happened, in a few words: `12 → 9 (−3)`, `Price 9.99 → 8.99`, `50 in stock`."""
    match data["kind"]:
        case "inserted":
            return "" if data["stock_after"] is None else f"{_stock(data, 'after')} in stock"
        case "deleted" | "expired":
            return "" if data["stock_before"] is None else f"last stock {_stock(data, 'before')}"
        case "gap":
            return f"Changes may be missing here: {data['note']}"
        case "reconciled":
            return _reconciled_text(data, stock_name)
        case _:
            return _changed_text(data, stock_name)


def _changed_text(data: Mapping[str, Any], stock_name: str) -> str:
    before, after = data["stock_before"], data["stock_after"]
    parts = []
    if before is not None and after is not None:
        if before != after:
            change = f"({signed(data['delta'])})"
            parts.append(f"{shown(before)} {ARROW} {_stock(data, 'after')} {change}")
    elif data["before"] is None and after is not None:
        parts.append(f"now {_stock(data, 'after')} in stock")
    elif data["after"] is None and before is not None:
        parts.append(f"had {_stock(data, 'before')} in stock")
    hidden = {stock_name} if parts else set()
    names = [name for name in data["changed"] if name not in hidden]
    first = names[: _SHOWN_CHANGES - len(parts)]
    parts += [attribute_text(name, data["before"], data["after"]) for name in first]
    if len(names) > len(first):
        parts.append(f"{len(names) - len(first)} more")
    if parts:
        return "; ".join(parts)
    both = data["view_type"] == "NEW_AND_OLD_IMAGES"
    return "no attribute changed" if both else f"details {NOT_RECORDED}"


def _stock(data: Mapping[str, Any], when: str) -> str:
    """The stock before or after the change, with its unit."""
    # Events that an older version published have no unit.
    return quantity(Decimal(str(data[f"stock_{when}"])), data.get("unit"))


def _reconciled_text(data: Mapping[str, Any], stock_name: str) -> str:
    """What reconciliation found in the table, and what remains unknown."""
    before, after = data["stock_before"], data["stock_after"]
    if data["event_name"] == "REMOVE":
        last = "" if before is None else f": last stock {_stock(data, 'before')}"
        return f"Found deleted{last}; author unknown"
    if data["event_name"] == "INSERT":
        stock = "" if after is None else f": stock {_stock(data, 'after')}"
        baseline = data["sequence_number"] == "0"
        unknown = "its history starts here" if baseline else "author unknown"
        return f"Found in the table{stock}; {unknown}"
    parts = []
    if after is not None and before is not None and before != after:
        parts.append(f"stock {_stock(data, 'after')} instead of {shown(before)}")
    hidden = {stock_name} if parts else set()
    names = [name for name in data["changed"] if name not in hidden]
    first = names[: _SHOWN_CHANGES - len(parts)]
    parts += [found_text(name, data["before"], data["after"]) for name in first]
    if len(names) > len(first):
        parts.append(f"{len(names) - len(first)} more")
    what = f": {', '.join(parts)}" if parts else ""
    return f"Found in the table{what}; author unknown"


def who(data: Mapping[str, Any]) -> str:
    """Who made the change, as far as the event shows it."""
    if data["actor"]:
        return str(data["actor"])
    match data["kind"]:
        case "expired":
            return EXPIRY
        case "gap" | "reconciled":
            return ""
        case _:
            return OUTSIDE if is_outside(data) else NOT_RECORDED


def is_outside(data: Mapping[str, Any]) -> bool:
    """Whether the event proves that the change was not made through Stockpulse."""
    view_type, event_name = str(data["view_type"]), str(data["event_name"])
    return made_outside(data["kind"], data["actor"], view_type, event_name)


def _name(data: Mapping[str, Any]) -> str:
    if _is_shard(data["product_id"]):
        return "Unknown products"
    return str(data["product_name"] or data["product_id"])


def _is_shard(product_id: str) -> bool:
    """Whether this is the reserved id under which the gaps of a whole shard are stored."""
    return product_id.startswith(RESERVED)


def _direction(data: Mapping[str, Any]) -> str:
    if data["kind"] != "stock_changed":
        return ""
    return "down" if Decimal(str(data["delta"])) < 0 else "up"


VIEW_NOTICES = {
    "KEYS_ONLY": "which attributes changed, stock before and after, product names, and who "
    "made a change",
    "NEW_IMAGE": "what a value was before a change, what was deleted, and who made a change",
    "OLD_IMAGE": "what a value is after a change, what was created, and who made a change",
}


def view_notice(view_type: str) -> str | None:
    """What the table's stream view type leaves out; None if it leaves out nothing."""
    return VIEW_NOTICES.get(view_type)


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    """Hours and minutes in `zone`."""
    return moment.astimezone(zone).strftime("%H:%M")


def price_text(price: Decimal | None, decimals: int = 2) -> str:
    """An exact price with at least so many decimals; empty if there is none."""
    if price is None:
        return ""
    whole, _, cents = digits(price).partition(".")
    cents = cents.ljust(decimals, "0")
    return f"{whole}.{cents}" if cents else whole
