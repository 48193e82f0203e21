"""A product has at most one alert of each kind; an alert that opens again gets a new number."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

from app.core.events import event_id, split_id
from app.store.alerts.levels import KINDS, AlertKind, Levels

AlertState = Literal["open", "acknowledged", "snoozed", "ordered", "resolved"]
STATES: tuple[AlertState, ...] = get_args(AlertState)


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered; `received` is what has come of it so far.

    `expected` is a date (ISO 8601). The order is overdue from `overdue_at` on, in ms since 1970.
    """

    quantity: Decimal
    expected: str
    overdue_at: int
    received: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; times are in ms since 1970.

    `since`: when it got its state. `opened_by`: the key of the event that opened it, empty for one
    that the first scan found. `above_since`: since when the stock has been above the reorder point,
    while the alert waits to be resolved. `actor`: who acknowledged, snoozed or ordered.
    """

    kind: AlertKind
    number: int
    state: AlertState
    since: int
    opened_at: int
    opened_by: str
    above_since: int | None = None
    actor: str | None = None
    snoozed_until: int | None = None
    order: Order | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is resolved."""
        return self.state == "resolved"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alert's state; `before` is None where the alert opened.

    `event_key`: the event that caused it, None for the passing of time and for a person (`actor`).
    """

    alert: Alert
    before: AlertState | None
    at: int
    event_key: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class ProductAlerts:
    """The alerts of one product, with the newest event that was applied to them.

    `levels` are those after the last change of an alert. `version` counts the row's writes; 0: no
    row.
    """

    product_id: str
    event_key: str = ""
    version: int = 0
    levels: Levels = field(default_factory=Levels)
    alerts: Mapping[AlertKind, Alert] = field(default_factory=dict)


def alert_id(product_id: str, alert: Alert) -> str:
    """The permanent id of an alert."""
    return event_id(product_id, f"{alert.kind}-{alert.number}")


def split_alert_id(identifier: str) -> tuple[str, AlertKind, int] | None:
    """(product id, kind, number) of an alert's id; None if it is not one."""
    product_id, rest = split_id(identifier) or ("", "")
    for kind in KINDS:
        digits = rest.removeprefix(f"{kind}-")
        if digits != rest and digits.isascii() and digits.isdecimal() and len(digits) < 10:
            return product_id, kind, int(digits)
    return None


def encoded(alert: Alert) -> dict[str, Any]:
    """The alert as JSON values."""
    document = asdict(alert)
    if alert.order is not None:
        document["order"] |= {
            "quantity": str(alert.order.quantity),
            "received": str(alert.order.received),
        }
    return document


def decoded(document: Mapping[str, Any]) -> Alert:
    """The alert that `encoded` made these values of."""
    order = document["order"]
    if order is not None:
        amounts = {name: Decimal(order[name]) for name in ("quantity", "received")}
        order = Order(**{**order, **amounts})
    return Alert(**{**document, "order": order})
