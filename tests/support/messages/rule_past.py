"""A rule of notifications with a past, so that its pages show all that they can."""

from app.core.rules.rule import Recipient, Rule, What
from app.store.notifications.delivery_log import Delivery
from app.store.store import Store

EVERYONE, BOB, LOFT = (
    Recipient("browser", "*"),
    Recipient("browser", "bob"),
    Recipient("pigeon", "loft 3"),
)
HOOK = Recipient("webhook", "https://shop.example/hook")


def rule_with_past(store: Store) -> Rule:
    """A rule whose second recipient was not reached, and whose third one bounced."""
    what = What(alerts=("low", "out"), kinds=("deleted",), categories=("Kitchen",))
    rule = Rule("", "Kitchen runs low", what, (EVERYONE, BOB, LOFT, HOOK))
    rule = store.rules.create(rule, "ann")
    store.rules.disable(rule.id, LOFT.id, "it bounced.", "worker")
    failed = Delivery(
        rule_id=rule.id,
        recipient_id=BOB.id,
        channel=BOB.channel,
        address=BOB.address,
        message_id="m",
        at=1_790_000_000_000,
        outcome="failed",
        answer="There was no answer within 30 seconds.",
        notices=(("e1", "deleted"), ("e2", "low")),
        folded=12,
    )
    store.deliveries.add([failed])
    return rule
