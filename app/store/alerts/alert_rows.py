"""The rows of the settings table that hold alerts. Pure.

| Kind | ID | |
|---|---|---|
| `alert` | hash of the product id | a product's alerts; changes depend on its version |
| `alert <state> <kind>` | since, hash, kind, number | one alert as lists show it |
| `alert-transition` | time of the write, hash, version, number | a change of state, for 90 days |
| `alert-due` | when, hash | a hint that time changes an alert then |

All rows that a change writes are written in one transaction.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from app.core import json_text
from app.store.access.settings_rows import row_key
from app.store.alerts import alert as alerts
from app.store.alerts import levels
from app.store.alerts.alert import Alert, AlertState, ProductAlerts, Transition, alert_id
from app.store.alerts.decision import Decided, due
from app.store.alerts.levels import KINDS, AlertKind, Levels

KEPT_SECONDS = 90 * 24 * 3600  # resolved alerts and transitions
STATE, DUE, TRANSITION = "alert", "alert-due", "alert-transition"
_PLACE = re.compile(rf"\d{{13}}-[0-9a-f]{{32}}-({'|'.join(KINDS)})-\d{{1,9}}")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert and its product, with the levels after the alert's last change."""

    product_id: str
    alert: Alert
    levels: Levels

    @property
    def id(self) -> str:
        """The alert's permanent id."""
        return alert_id(self.product_id, self.alert)


def state_key(product_id: str) -> Any:
    """The key of the row of a product's alerts."""
    return row_key(STATE, _digest(product_id))


def listed_kind(state: AlertState, kind: AlertKind) -> str:
    """The partition of the alerts of one kind that are in one state."""
    return f"alert {state} {kind}"


def product_alerts(product_id: str, row: Row | None) -> ProductAlerts:
    """The alerts in a product's row; without a row, none."""
    if row is None:
        return ProductAlerts(product_id)
    stored = [alerts.decoded(one) for one in json_text.loads(row["Alerts"]["S"])]
    return ProductAlerts(
        product_id,
        row.get("EventKey", {}).get("S", ""),
        int(row["Version"]["N"]),
        levels.decoded(json_text.loads(row["Levels"]["S"])),
        {one.kind: one for one in stored},
    )


def listed(row: Row) -> AlertView:
    """The alert in a row of a list."""
    return AlertView(
        row["ProductID"]["S"],
        alerts.decoded(json_text.loads(row["Alert"]["S"])),
        levels.decoded(json_text.loads(row["Levels"]["S"])),
    )


def writes(known: ProductAlerts, decided: Decided, now_ms: int) -> Iterator[tuple[str, Any]]:
    """The actions, `Put` and `Delete` with their requests, that store a decision.

    The first one fails if the product's row has changed since `known` was read.
    """
    after, product_id = decided.after, known.product_id
    facts = json_text.dumps(levels.encoded(after.levels)).decode()
    yield "Put", _state(known, after, facts)
    for kind in KINDS:
        old, new = known.alerts.get(kind), after.alerts.get(kind)
        if new is None or old == new:
            continue
        # A resolved alert that opened again stays in the list of resolved ones.
        moved = old is not None and _place(product_id, old) != _place(product_id, new)
        if old is not None and moved and not old.is_over:
            yield "Delete", {"Key": _place(product_id, old)}
        yield "Put", {"Item": _listed(product_id, new, facts)}
    for number, transition in enumerate(decided.transitions):
        alert = transition.alert
        if alert.is_over and alert.number != after.alerts[alert.kind].number:
            yield "Put", {"Item": _listed(product_id, alert, facts)}  # it has opened again since
        place = f"{now_ms:013d}-{_digest(product_id)}-{known.version + 1}-{number}"
        yield "Put", {"Item": _transition(product_id, transition, place, facts, now_ms)}
    moment = due(after)
    if moment is not None and moment != due(known):
        yield "Put", {"Item": _due(product_id, moment)}


def _state(known: ProductAlerts, after: ProductAlerts, facts: str) -> dict[str, Any]:
    documents = [alerts.encoded(one) for one in after.alerts.values()]
    request: dict[str, Any] = {
        "Item": {
            **state_key(known.product_id),
            "ProductID": {"S": known.product_id},
            "Version": {"N": str(known.version + 1)},
            "Levels": {"S": facts},
            "Alerts": {"S": json_text.dumps(documents).decode()},
            **({"EventKey": {"S": after.event_key}} if after.event_key else {}),
        },
        "ConditionExpression": "attribute_not_exists(ID)",
    }
    if known.version:
        request["ConditionExpression"] = "Version = :known"
        request["ExpressionAttributeValues"] = {":known": {"N": str(known.version)}}
    return request


def _listed(product_id: str, alert: Alert, facts: str) -> dict[str, Any]:
    expires = {} if not alert.is_over else _expiry(alert.since)
    return {
        **_place(product_id, alert),
        "ProductID": {"S": product_id},
        "Alert": {"S": json_text.dumps(alerts.encoded(alert)).decode()},
        "Levels": {"S": facts},
        **expires,
    }


def _transition(
    product_id: str, transition: Transition, place: str, facts: str, now_ms: int
) -> dict[str, Any]:
    texts = {
        "Before": transition.before,
        "EventKey": transition.event_key,
        "Actor": transition.actor,
    }
    return {
        **row_key(TRANSITION, place),
        "ProductID": {"S": product_id},
        "AlertID": {"S": alert_id(product_id, transition.alert)},
        "After": {"S": transition.alert.state},
        "At": {"N": str(transition.at)},
        "Alert": {"S": json_text.dumps(alerts.encoded(transition.alert)).decode()},
        "Levels": {"S": facts},
        **{name: {"S": value} for name, value in texts.items() if value},
        **_expiry(now_ms),
    }


def _due(product_id: str, moment: int) -> dict[str, Any]:
    key = row_key(DUE, f"{moment:013d}-{_digest(product_id)}")
    return {**key, "ProductID": {"S": product_id}}


def due_at(row: Row) -> int:
    """When a row of kind `alert-due` is due, in ms since 1970."""
    return int(row["ID"]["S"][:13])


def is_place(text: str) -> bool:
    """Whether this can be the id of a row of a list."""
    return _PLACE.fullmatch(text) is not None


def _place(product_id: str, alert: Alert) -> Any:
    place = f"{alert.since:013d}-{_digest(product_id)}-{alert.kind}-{alert.number}"
    return row_key(listed_kind(alert.state, alert.kind), place)


def _expiry(since_ms: int) -> dict[str, Any]:
    return {"ExpiresAt": {"N": str(since_ms // 1000 + KEPT_SECONDS)}}


def _digest(product_id: str) -> str:
    """A key of fixed length, because a product id can be longer than a sort key."""
    return sha256(product_id.encode(errors="surrogatepass")).hexdigest()[:32]
