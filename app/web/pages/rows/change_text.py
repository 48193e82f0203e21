"""What a change did, in a few words. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.core.numbers import quantity
from app.core.roles import NOT_RECORDED
from app.web.pages.rows.attribute_text import ARROW, attribute_text, found_text, shown, signed

_SHOWN_CHANGES = 3


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
    if counted_as_booked(data):
        return f"{_stock(data, 'after')}, as booked"
    both = data["view_type"] == "NEW_AND_OLD_IMAGES"
    return "no attribute changed" if both else f"details {NOT_RECORDED}"


def counted_as_booked(data: Mapping[str, Any]) -> bool:
    """Whether the event is a count that found what was booked, and so changed nothing."""
    if data["kind"] != "updated" or data["reason"] != "counted" or data["changed"]:
        return False
    return data["stock_after"] is not None and data["stock_before"] == data["stock_after"]


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
