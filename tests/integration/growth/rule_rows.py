"""A growing number of rules, and of deliveries of the first one."""

from collections.abc import Iterable
from typing import Any

from app.core.item import DEFAULT_NAMES
from app.core.rules.rule import Recipient, Rule, What
from app.notifications.desk.resending import Resending
from app.notifications.desk.trying import RuleTester, TrialStores
from app.notifications.notice import Message
from app.store.dynamodb.batches import Put
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.rule_rows import added
from app.web.services import Services

RECIPIENT = Recipient("none", "somebody")


class Nothing:
    """A channel that sends nothing."""

    name = RECIPIENT.channel

    def checked(self, address: str) -> str:
        return address

    def send(self, recipient: Recipient, message: Message) -> str:
        return "accepted"


def sending_nothing(services: Services) -> dict[str, Any]:
    """The parts of the rules' desk, with that channel alone."""
    store, channels = services.store, {"none": Nothing()}
    return {
        "channels": channels,
        "test": RuleTester(
            TrialStores(store.rules, store.deliveries, store.rule_tests),
            channels,
            services.rule_desk.operator,
        ),
        "resend": Resending(
            store.rules,
            store.deliveries,
            store.timeline,
            store.transitions,
            channels,
            DEFAULT_NAMES,
            lambda *_: None,
        ),
    }


def rule_id(number: int) -> str:
    return f"{number:017x}"


def delivery(number: int, event_id: str) -> Delivery:
    return Delivery(
        rule_id=rule_id(1),
        recipient_id=RECIPIENT.id,
        channel=RECIPIENT.channel,
        address=RECIPIENT.address,
        message_id=f"m{number}",
        at=1_700_000_000_000 + number,
        outcome="delivered",
        notices=((event_id, "stock_changed"),),
    )


def rule_puts(table: str, numbers: Iterable[int]) -> list[Put]:
    """The rows of these rules."""
    what = What(kinds=("stock_changed",), alerts=("low",), search="q=mug")
    rules = [
        Rule(id=rule_id(n), name=f"Rule {n}", what=what, recipients=(RECIPIENT,)) for n in numbers
    ]
    return [(table, added(rule)[0][1]["Item"]) for rule in rules]
