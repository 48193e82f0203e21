"""Rules and notices with useful defaults."""

from typing import Any

from app.core.events import ChangeEvent
from app.core.rules.rule import Recipient, Rule, What, When
from app.notifications.notice import Notice
from app.notifications.sources import of_event
from tests.support.builders import NOON_MS, an_event

ANN = Recipient("email", "ann@shop.example")


def a_rule(what: What | None = None, **fields: Any) -> Rule:
    given = {"id": "r1", "name": "Kitchen", "recipients": (ANN,), "when": When()}
    return Rule(what=what or What(), **{**given, **fields})


def told(event: ChangeEvent | None = None, at_ms: int = NOON_MS, **fields: Any) -> Notice:
    """The notice of an event: by default a sale of three from twelve blue mugs."""
    notice = of_event(event or an_event(**fields), at_ms)
    assert notice is not None
    return notice
