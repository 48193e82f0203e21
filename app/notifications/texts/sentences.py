"""One sentence says what happened, in a shop manager's words. Pure.

A sentence is on one line whatever the names and notes in it contain, so it can be the subject of an
e-mail, and nothing in it can look like a line of its own.
"""

from collections.abc import Iterator
from decimal import Decimal

from app.core.events import ChangeEvent
from app.core.numbers import digits, quantity
from app.notifications.notice import Message, Notice

NAME_CHARACTERS = 120
NOTE_CHARACTERS = 240
_SHOWN_ATTRIBUTES = 3

_HEADLINES = {
    "inserted": "was added",
    "stock_changed": "stock changed",
    "updated": "was edited",
    "deleted": "was deleted",
    "expired": "expired and was removed",
    "reconciled": "differs from what was recorded",
    "gap": "changes may be missing",
    "internal": "was updated by Stockpulse",
    "low": "is low",
    "out": "is out of stock",
    "negative": "has a negative stock",
    "back_in_stock": "is back in stock",
}


def one_line(text: str, most: int = NOTE_CHARACTERS) -> str:
    """The text on one line, without control characters, cut to `most` characters."""
    visible = "".join(one if one.isprintable() else " " for one in text[: most * 4])
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def product_label(notice: Notice) -> str:
    """The product's name, followed by its id where that differs; "" for none."""
    name = one_line(notice.product_name, NAME_CHARACTERS)
    identifier = one_line(notice.product_id, NAME_CHARACTERS)
    if not name or name == identifier:
        return identifier
    return f"{name} ({identifier})"


def headline(notice: Notice) -> str:
    """The notice in a few words, such as `Blue mug (P1) is low: 3 in stock`."""
    if not notice.product_id:
        return one_line(notice.text).rstrip(".") or "Stockpulse needs attention"
    unit = notice.event.unit if notice.event is not None else None
    return f"{product_label(notice)} {_what(notice, unit)}"


def sentence(notice: Notice) -> str:
    """The notice in full: what happened, who did it, why, and the stock now."""
    return f"{headline(notice)}{''.join(_details(notice))}."


def subject(message: Message) -> str:
    """What the message is about, on one line: its only notice, or how many there are."""
    if message.is_test:
        return f"Test of “{one_line(message.rule_name, NAME_CHARACTERS)}”"
    if len(message.notices) == 1 and not message.folded:
        return headline(message.notices[0])
    count = len(message.notices) + message.folded
    name = one_line(message.rule_name, NAME_CHARACTERS)
    return f"{count} {'change' if count == 1 else 'changes'}: {name}"


def _what(notice: Notice, unit: str | None) -> str:
    event, words = notice.event, _HEADLINES.get(notice.kind, one_line(notice.kind, 40))
    if event is not None and event.kind == notice.kind:
        return words + _change(event)
    if notice.stock is None or notice.kind == "out":
        return words
    point = f", to reorder at {digits(notice.point)}" if notice.point is not None else ""
    return f"{words}: {quantity(notice.stock, unit)} in stock{point}"


def _change(event: ChangeEvent) -> str:
    before, after = event.stock_before, event.stock_after
    match event.kind:
        case "inserted":
            return "" if after is None else f": {quantity(after, event.unit)} in stock"
        case "deleted" | "expired":
            return "" if before is None else f": last stock {quantity(before, event.unit)}"
        case "stock_changed" if before is not None and after is not None:
            delta = "" if event.delta is None else f" ({_signed(event.delta)})"
            return f": {digits(before)} → {quantity(after, event.unit)}{delta}"
        case "stock_changed" if after is not None:
            return f": now {quantity(after, event.unit)}"
        case "updated" if event.changed:
            names = [one_line(name, 40) for name in event.changed[:_SHOWN_ATTRIBUTES]]
            more = len(event.changed) - len(names)
            return f": {', '.join(names)}" + (f" and {more} more" if more else "")
        case _:
            return ""


def _details(notice: Notice) -> Iterator[str]:
    event = notice.event
    if event is None:
        return
    if event.reason:
        yield f", {one_line(event.reason, 40)}"
    if event.actor:
        yield f" by {one_line(event.actor, NAME_CHARACTERS)}"
    elif event.is_outside:
        yield " outside Stockpulse"
    if event.note:
        yield f" — {one_line(event.note)}"
    if notice.stock is not None and notice.stock != event.stock_after:
        yield f"; now {quantity(notice.stock, event.unit)} in stock"


def _signed(number: Decimal) -> str:
    text = digits(number)
    return f"−{text[1:]}" if text.startswith("-") else f"+{text}"
