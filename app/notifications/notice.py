"""A notice is one thing to tell: an event, a change of an alert, or trouble. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.core.events import ChangeEvent
from app.core.item import Item

TROUBLE = "trouble"  # the kind of what keeps Stockpulse from working


@dataclass(frozen=True, slots=True)
class Notice:
    """What a rule is matched against and a message tells.

    `id` is the same in each delivery: the event's, or that of the alert's transition. `kind` is an
    event's kind, an `AlertNotice`, or `trouble`. `at_ms`: when it arrived, in ms since 1970 (its
    place in the timeline). `event` is None unless it is of an event. `text` is a sentence for
    trouble. `stock` and `point` are those after the change, None where they are not known. `item`
    is the product's item, where a notice without an event has it.
    """

    id: str
    kind: str
    at: datetime
    at_ms: int
    product_id: str = ""
    product_name: str = ""
    category: str = ""
    stock: Decimal | None = None
    point: Decimal | None = None
    event: ChangeEvent | None = None
    text: str = ""
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient; `id` is the notice's, or a digest's that a repeat keeps.

    `notices` are in order, each product's as they happened; `folded` counts those that a digest
    leaves out of the list (its text says so). `unsubscribe` is a URL that works signed out, None
    without a public address of this server.
    """

    id: str
    rule_id: str
    rule_name: str
    notices: tuple[Notice, ...]
    is_digest: bool = False
    folded: int = 0
    unsubscribe: str | None = None
    is_test: bool = False
