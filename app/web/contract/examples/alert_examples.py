"""Each operation on alerts has one example; a test sends them in this order."""

from collections.abc import Mapping
from typing import Any

from app.core.events import event_id
from app.web.contract.examples.example import Example

_ID = event_id("TEA-1", "low-1")
_NAMED = {"alert_id": _ID}


def _alert(**changes: Any) -> dict[str, Any]:
    return {
        "id": _ID,
        "kind": "low",
        "state": "open",
        "product_id": "TEA-1",
        "product_name": "Earl Grey, 100 g",
        "stock": 8,
        "reorder_point": 10,
        "unit": None,
        "opened_at": "2026-11-21T14:20:11Z",
        "opened_by": event_id("TEA-1", "2026-11-21T07:00:00.000#" + "9".zfill(40)),
        "since": "2026-11-21T14:20:11Z",
        "actor": None,
        "resolves_at": None,
        "snoozed_until": None,
        "order": None,
        **changes,
    }


# By operation id, in the order in which the tests send them.
ALERT_EXAMPLES: Mapping[str, Example] = {
    "list_alerts": Example(
        200,
        parameters={"state": "open", "kind": "low"},
        response={"items": [_alert()], "next_cursor": None},
    ),
    "get_alert": Example(200, parameters=_NAMED, response=_alert()),
    "acknowledge_alert": Example(
        200, parameters=_NAMED, response=_alert(state="acknowledged", actor="local")
    ),
    "snooze_alert": Example(
        200,
        parameters=_NAMED,
        body={"until": "2026-11-23T08:00:00Z"},
        response=_alert(state="snoozed", actor="local", snoozed_until="2026-11-23T08:00:00Z"),
    ),
    "order_for_alert": Example(
        200,
        parameters=_NAMED,
        body={"quantity": 40, "expected": "2026-11-27"},
        response=_alert(
            state="ordered",
            actor="local",
            order={"quantity": 40, "expected": "2026-11-27", "received": 0},
        ),
    ),
    "reopen_alert": Example(
        200,
        parameters=_NAMED,
        response=_alert(order={"quantity": 40, "expected": "2026-11-27", "received": 0}),
    ),
}
