"""What one event adds to the sums. Pure.

A sum counts a quarter of an hour in UTC: time zones begin their days and hours at such a quarter,
so days of 23 and 25 hours sum exactly. Quantities are whole millionths in floating point: exact up
to nine billion units, and to 15 digits above.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item, number, stock, text
from app.core.numbers import digits
from app.readmodel.products.product_row import storable
from app.store.audit.chain import is_baseline

QUARTER, MINUTE = 900, 60  # seconds
SOLD = "sold"
MOVES = ("stock_changed", "inserted", "deleted", "expired")  # kinds of events that move stock

# Scopes: what a sum's `start` and `label` are.
ALL = "all"  # quarter; kind and reason (`move_label`)
CATEGORY = "="  # the same of one category, whose name follows
DAYS = "days"  # number of the local day; category
EVENTS = "events"  # quarter; kind
STILL = "still="  # the same of one category, of events that moved nothing: the others are above
VALUE = "value"  # quarter; none. Amounts are money
CATEGORY_VALUE = "value="  # the same of one category
UNKNOWN_VALUE = "unknown value"  # the same, of events that do not show how they changed the value
MINUTES = "minutes"  # minute; none

_MILLION = Decimal(1_000_000)
_EXACT = 2**53  # up to here each whole number has a floating-point number of its own


class Key(NamedTuple):
    """Which sum."""

    scope: str
    start: int
    label: str
    unit: str


class Amount(NamedTuple):
    """What an event adds to a sum: itself, and millionths of units (or of money) in and out."""

    events: int
    outside: int
    up: float
    down: float


class ProductAmount(NamedTuple):
    """What an event adds to its product's day.

    `sold_at` and `inserted_at` are the times of a sale and of a new product, in ms, or 0.
    """

    day: int
    up: float
    down: float
    sold: float
    sold_at: int
    inserted_at: int


def millionths(number: Decimal) -> float:
    """The number's millionths, rounded to whole ones."""
    return float(round(number * _MILLION))


def number_from(millionths: float) -> Decimal:
    """The number of `millionths`: exact, or of 15 digits if it is large."""
    if abs(millionths) <= _EXACT:
        return Decimal(digits(Decimal(int(millionths)).scaleb(-6)))
    return Decimal(f"{millionths:.15g}").scaleb(-6)


def day_number(moment: datetime, zone: ZoneInfo) -> int:
    """The number of the day of a moment in the shop's time zone."""
    return moment.astimezone(zone).toordinal()


def move_label(kind: str, reason: str | None) -> str:
    """The label of movement for a reason."""
    return f"{kind}/{reason or ''}"


def movement(event: ChangeEvent) -> Decimal | None:
    """The units that the event moved; None if it moved none.

    A new product comes with its stock, and a deleted one takes it away. A `reconciled` event moves
    nothing: its change may be counted already.
    """
    return event.delta if event.kind in MOVES else None


def amounts(
    event: ChangeEvent, names: AttributeNames, zone: ZoneInfo
) -> Iterator[tuple[Key, Amount]]:
    """The sums that the event belongs to, each with what it adds."""
    seconds = int(event.occurred_at.timestamp())
    quarter, outside = seconds // QUARTER, int(event.is_outside)
    unit, category = storable(event.unit or ""), storable(event.category or "")
    yield Key(EVENTS, quarter, event.kind, ""), Amount(1, outside, 0, 0)
    moved = movement(event)
    up, down = _up_and_down(moved)
    if moved is not None:
        label = storable(move_label(event.kind, event.reason))
        amount = Amount(1, outside, up, down)
        yield Key(ALL, quarter, label, unit), amount
        yield Key(CATEGORY + category, quarter, label, unit), amount
        yield Key(DAYS, day_number(event.occurred_at, zone), category, unit), amount
    else:
        yield Key(STILL + category, quarter, event.kind, ""), Amount(1, outside, 0, 0)
    if event.kind not in {"gap", "reconciled"}:
        if event.kind != "stock_changed" or not moved:
            unit, up, down = "", 0, 0
        yield Key(MINUTES, seconds // MINUTE, "", unit), Amount(1, outside, up, down)
    changed = value_changes(event, names)
    if changed is None:
        yield Key(UNKNOWN_VALUE, quarter, "", ""), Amount(1, outside, 0, 0)
        return
    if total := sum(changed.values(), Decimal(0)):
        yield Key(VALUE, quarter, "", ""), Amount(1, outside, *_up_and_down(total))
    for name, change in changed.items():
        if change:
            key = Key(CATEGORY_VALUE + storable(name), quarter, "", "")
            yield key, Amount(1, outside, *_up_and_down(change))


def product_amount(event: ChangeEvent, zone: ZoneInfo) -> ProductAmount:
    """What the event adds to its product's day."""
    at = round(event.occurred_at.timestamp() * 1000)
    moved = movement(event)
    up, down = _up_and_down(moved)
    is_sale = event.kind == "stock_changed" and event.reason == SOLD
    return ProductAmount(
        day_number(event.occurred_at, zone),
        up,
        down,
        sold=down - up if is_sale else 0,
        sold_at=at if is_sale and down else 0,
        inserted_at=at if event.kind == "inserted" else 0,
    )


def value_changes(event: ChangeEvent, names: AttributeNames) -> dict[str, Decimal] | None:
    """By how much the event changed the value of each category's stock; None if that is not known.

    A product that was there before its recording began has had its value since ever.
    """
    if event.kind in {"gap", "reconciled"}:
        return {} if is_baseline(event.event_key) else None
    before, after = event.product_before, event.product_after
    lacks_before = before is None and event.kind != "inserted"
    lacks_after = after is None and event.kind not in {"deleted", "expired"}
    if lacks_before or lacks_after:
        return None
    found: dict[str, Decimal] = {}
    for item, sign in ((before, -1), (after, 1)):
        if item is not None:
            category = text(item, names.category) or ""
            found[category] = found.get(category, Decimal(0)) + sign * _value(item, names)
    return found


def _value(item: Item, names: AttributeNames) -> Decimal:
    units, price = stock(item, names), number(item, names.price)
    return Decimal(0) if units is None or price is None else units * price


def _up_and_down(change: Decimal | None) -> tuple[float, float]:
    exact = 0.0 if change is None else millionths(change)
    return max(exact, 0.0), max(-exact, 0.0)
