"""Builders for notices and messages, and a deployment that makes no call."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.notifications.notice import Message, Notice
from app.store.audit.entry import Signer
from app.store.deployment import Deployment
from app.store.dynamodb.client import Clients
from app.store.dynamodb.table_names import table_names
from tests.support.builders import NOON, NOON_MS, an_event

SIGNER = Signer("k1", b"k" * 32)


def an_alert(number: int = 1, **fields: Any) -> Notice:
    """Notice `number` that the blue mug is low, a minute after the one before."""
    values: dict[str, Any] = {
        "id": f"alert-{number}",
        "kind": "low",
        "at": NOON + timedelta(minutes=number),
        "at_ms": NOON_MS + 60_000 * number,
        "product_id": "P1",
        "product_name": "Blue mug",
        "category": "Kitchen",
        "stock": Decimal(3),
        "point": Decimal(5),
    }
    return Notice(**(values | fields))


def of_event(event: ChangeEvent | None = None) -> Notice:
    """The notice of an event; by default of a sale."""
    one = an_event() if event is None else event
    return Notice(
        one.id,
        one.kind,
        one.occurred_at,
        NOON_MS,
        one.product_id,
        one.product_name or "",
        one.category or "",
        None if one.stock_after is None else Decimal(one.stock_after),
        event=one,
    )


def a_message(*notices: Notice, **fields: Any) -> Message:
    """A message of a rule about low stock; without notices, of one alert."""
    told = notices or (an_alert(),)
    values: dict[str, Any] = {"id": told[0].id, "rule_id": "r1", "rule_name": "Low stock"}
    return Message(notices=told, **(values | fields))


def a_deployment(signer: Signer = SIGNER) -> Deployment:
    """A deployment whose clients must not be called."""
    nobody = Clients(cast("Any", None), cast("Any", None))
    return Deployment(nobody, table_names("", None), DEFAULT_NAMES, signer)
