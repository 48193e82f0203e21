"""Alerts over REST, and what people do about them."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from app.core.events import event_id, rfc3339
from app.core.numbers import json_number
from app.store.alerts.alert import AlertState
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.decision import STAYS_ABOVE_MS
from app.store.alerts.levels import AlertKind
from app.web.schemas.fields import Moment, Quantity
from app.web.schemas.outputs import Number
from app.web.schemas.product_models import Strict


def _plain_date(value: object) -> object:
    """A date in its usual form: pydantic also accepts numbers and times."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date such as 2026-11-30")
    return value


class SnoozeRequest(Strict):
    """Until when the alert is quiet."""

    until: Moment = Field(
        description="When the alert opens again if it still holds: a time in the future, at most a "
        "year from now."
    )


class OrderRequest(Strict):
    """What was ordered."""

    quantity: Annotated[Quantity, Field(gt=0, description="The number of units ordered.")]
    expected: Annotated[date, BeforeValidator(_plain_date)] = Field(
        description="The day on which the goods are expected, in the shop's time zone: today or "
        "later, at most a year from now."
    )


class OrderOut(BaseModel):
    """An order."""

    quantity: Number = Field(description="The number of units ordered.")
    expected: str = Field(description="The day on which the goods are expected.")
    received: Number = Field(
        description="The number of units received since then: changes of the stock with the reason "
        "`received`."
    )


class AlertOut(BaseModel):
    """An alert. The product's values are those after the alert's last change."""

    id: str = Field(description="The alert's id. An alert that opens again gets a new one.")
    kind: AlertKind = Field(
        description="`low`: the stock is at or below the reorder point. `out`: there is none left. "
        "`negative`: the stock is below zero."
    )
    state: AlertState = Field(
        description="`acknowledged`: somebody takes care of it. `snoozed`: quiet until a time. "
        "`ordered`: quiet until the order is received or overdue. `resolved`: it no longer holds."
    )
    product_id: str = Field(description="The product's id.")
    product_name: str | None = Field(description="The product's name.")
    stock: Number | None = Field(description="The stock; null if the product was deleted.")
    reorder_point: Number | None = Field(
        description="The reorder point; null if it is unset or 0, or if the product is not to be "
        "reordered."
    )
    unit: str | None = Field(description="The unit of the quantities.")
    opened_at: str = Field(description="When the alert opened (RFC 3339, UTC).")
    opened_by: str | None = Field(
        description="The id of the event that opened the alert; null if it held when alerts were "
        "first looked for."
    )
    since: str = Field(description="Since when it has its state (RFC 3339, UTC).")
    actor: str | None = Field(
        description="Who acknowledged or snoozed it, or ordered; null while it is open."
    )
    resolves_at: str | None = Field(
        description="When the alert will be resolved, if the stock stays above the reorder point; "
        "null if it is not above."
    )
    snoozed_until: str | None = Field(description="Until when the alert is snoozed.")
    order: OrderOut | None = Field(description="The last order; null if there was none.")


class AlertPageOut(BaseModel):
    """A page of alerts."""

    items: list[AlertOut] = Field(description="The alerts, those with the newest state first.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` to get the next page; null on the last page."
    )


def alert_out(view: AlertView) -> dict[str, Any]:
    """An alert as JSON values, as in `AlertOut`."""
    alert, levels = view.alert, view.levels
    above, key = alert.above_since, alert.opened_by
    return {
        "id": view.id,
        "kind": alert.kind,
        "state": alert.state,
        "product_id": view.product_id,
        "product_name": levels.name,
        "stock": json_number(levels.stock),
        "reorder_point": json_number(levels.point),
        "unit": levels.unit,
        "opened_at": _time(alert.opened_at),
        "opened_by": event_id(view.product_id, key) if key else None,
        "since": _time(alert.since),
        "actor": alert.actor,
        "resolves_at": None if above is None else _time(above + STAYS_ABOVE_MS),
        "snoozed_until": None if alert.snoozed_until is None else _time(alert.snoozed_until),
        "order": None
        if alert.order is None
        else {
            "quantity": json_number(alert.order.quantity),
            "expected": alert.order.expected,
            "received": json_number(alert.order.received),
        },
    }


def _time(moment_ms: int) -> str:
    return rfc3339(datetime.fromtimestamp(moment_ms / 1000, UTC))
