"""A change's row is made from its event alone; what the event does not show is never guessed.

Pure. `static/rows/format.js` makes the same rows in the browser; `tests/js/rows.json` tests
both. What the stream's view type leaves out is shown as "not recorded".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.core.events import RESERVED, ChangeEvent, data_of, made_outside
from app.core.numbers import digits
from app.core.roles import EXPIRY, NOT_RECORDED, OUTSIDE
from app.store.dynamodb.products_table import BOTH_IMAGES
from app.web.pages.rows.change_text import change_text, counted_as_booked
from app.web.pages.rows.stock_level import Level, LevelNames, level_of

VOID, VOID_MEANS = "void", "The missing change arrived later"
REPEAT = "repeat"
REPEAT_MEANS = "an earlier change once more, possibly written by another program"


# Written by Stockpulse, not read from the stream. Their note is already part of `change`.
_SYNTHETIC = {"gap", "reconciled"}

# Kinds of changes that can be undone, as far as the stream shows what they changed.
_UNDOABLE = {"inserted", "stock_changed", "updated", "deleted"}

_LABELS = {
    "inserted": ("+", "new"),
    "stock_changed": ("\N{PLUS-MINUS SIGN}", "stock changed"),
    "updated": ("\N{LOWER RIGHT PENCIL}", "edited"),
    "deleted": ("\N{MULTIPLICATION SIGN}", "deleted"),
    "expired": ("\N{WHITE CIRCLE WITH UPPER RIGHT QUADRANT}", "expired"),
    "gap": ("!", "gap"),
    "reconciled": ("=", "reconciled"),
}

# What happened to the stock, by its reason; the other reasons are such words themselves.
_HAPPENED = {"transfer": "transferred", "correction": "corrected"}

_DIRECTIONS = {
    "up": "\N{BLACK UP-POINTING TRIANGLE}",
    "down": "\N{BLACK DOWN-POINTING TRIANGLE}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One change as a line of text fields.

    `label` says what happened in a word, and `reason` is empty if that says it. `level` is what
    became of the stock if that needs attention. `shown_time` is the time of day, or the date of
    another day.
    """

    id: str
    kind: str
    direction: str
    mark: str
    label: str
    product_id: str
    name: str
    shown_id: str
    change: str
    level: Level
    who: str
    outside: bool
    reason: str
    note: str
    reference: str
    reverses: str
    undoable: bool
    occurred_at: str
    shown_time: str
    clock: str
    date: str


def row_of(
    event: ChangeEvent,
    zone: ZoneInfo,
    stock_name: str = "Stock",
    level_names: LevelNames = LevelNames(),  # noqa: B008 - immutable
    *,
    void: bool = False,
    repeat: bool = False,
) -> Row:
    """The event's row, with times in `zone`; for `void` and `repeat`, see `app.store.audit`."""
    today = datetime.now(zone).date()
    row = row_from(data_of(event), zone, stock_name, level_names, today)
    if repeat:
        return replace(row, label=REPEAT, change=f"{row.change} · {REPEAT_MEANS}")
    return replace(row, label=VOID, change=f"{VOID_MEANS} ({row.change})") if void else row


def row_from(
    data: Mapping[str, Any],
    zone: ZoneInfo,
    stock_name: str = "Stock",
    level_names: LevelNames = LevelNames(),  # noqa: B008 - immutable
    today: date | None = None,
) -> Row:
    """The row of an event's data, in its JSON shape (`data_of`)."""
    kind, reason = str(data["kind"]), data["reason"] or ""
    mark, label = _LABELS.get(kind, ("", kind))
    is_count = counted_as_booked(data)
    if is_count or (kind == "stock_changed" and reason):
        label, reason = _HAPPENED.get(reason, reason), ""
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
        level=""
        if kind in _SYNTHETIC
        else level_of(data["stock_after"], data["after"], level_names),
        who=who(data),
        outside=is_outside(data),
        reason=reason,
        note="" if kind in _SYNTHETIC else data["note"] or "",
        reference=data["reference"] or "",
        reverses=data.get("reverses") or "",
        undoable=kind in _UNDOABLE and not is_count and data["view_type"] == BOTH_IMAGES,
        occurred_at=data["occurred_at"],
        shown_time=short_time(local, today or local.date()),
        clock=local.strftime("%H:%M:%S"),
        date=local.strftime("%Y-%m-%d"),
    )


def short_time(local: datetime, today: date) -> str:
    """`14:02:11` today, `27 Nov` on another day of this year, `2025-11-27` in another year."""
    if local.date() == today:
        return local.strftime("%H:%M:%S")
    if local.year == today.year:
        return f"{local.day} {local:%b}"
    return local.strftime("%Y-%m-%d")


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


def seconds_text(seconds: float) -> str:
    """A duration: `0.4 s`, `12 s`, `3 min`."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def price_text(price: Decimal | None, decimals: int = 2) -> str:
    """An exact price with at least so many decimals; empty if there is none."""
    if price is None:
        return ""
    whole, _, cents = digits(price).partition(".")
    cents = cents.ljust(decimals, "0")
    return f"{whole}.{cents}" if cents else whole


def value_text(value: Decimal, decimals: int = 2) -> str:
    """An exact value of stock, with at least so many decimals and commas between thousands."""
    return f"{Decimal(price_text(value, decimals)):,}"
