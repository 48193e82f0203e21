"""Lines of the delivery log about what is not sent. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionRow
from worker.notifications.state.waiting import Entry


def dropped_line(row: SubscriptionRow, entries: Sequence[Entry], now_ms: int) -> Delivery:
    """What waited for a subscription that is sent nothing more."""
    return Delivery(
        rule_id=row.rule_id,
        recipient_id=row.recipient_id,
        channel=row.channel,
        address=row.address,
        message_id=f"dropped_{row.id}",
        at=now_ms,
        outcome="dropped",
        answer="The rule was turned off, or does not send to this recipient any more.",
        notices=tuple((entry.notice.id, entry.notice.kind) for entry in entries),
        folded=max(0, row.waiting - len(entries)),
    )


def given_up_line(line: Delivery) -> Delivery:
    """The last try of a message to a program that has failed for three days."""
    return replace(line, outcome="rejected", answer=f"given up after three days: {line.answer}")
