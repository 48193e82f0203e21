"""How each rule and each of its recipients is doing, as the pages show it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.core.rules.rule import Recipient, Rule
from app.observability.logs import masked
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionRow
from app.web.pages.notifications.rule_words import (
    address_text,
    behind_text,
    limits_of,
    what_text,
    when_text,
)

# `broken`: this server does not have the channel. `off`: it wants nothing more.
State = Literal["ok", "waiting", "behind", "off", "broken"]
_WAITS = {
    "digest": "until the next digest",
    "quiet": "until the quiet hours end",
    "capped": "because there were many in a minute: they follow as one message",
}


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient; `said` explains the state, `due` is when what waits is tried next."""

    recipient: Recipient
    word: str
    address: str
    state: State
    said: str = ""
    error: str = ""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule, its recipients, and its last deliveries as far as they are kept.

    `is_built_in`: it is the webhook of the settings.
    """

    rule: Rule
    what: str
    limits: list[str]
    when: str
    recipients: list[RecipientLine]
    sent: Delivery | None = None
    failed: Delivery | None = None
    failure: str = ""
    is_built_in: bool = False

    @property
    def is_off(self) -> bool:
        """Whether no recipient wants anything any more."""
        return all(one.state == "off" for one in self.recipients)

    @property
    def is_broken(self) -> bool:
        """Whether a recipient can be sent nothing, because this server lacks its channel."""
        return any(one.state == "broken" for one in self.recipients)

    @property
    def is_behind(self) -> bool:
        """Whether a recipient cannot be reached just now."""
        return any(one.state == "behind" for one in self.recipients)


def rule_line(
    rule: Rule,
    waiting: Iterable[SubscriptionRow],
    labels: Mapping[str, str],
    now: datetime,
    last: Iterable[Delivery],
) -> RuleLine:
    """A rule with its recipients; `waiting` are its subscriptions that have a row.

    `labels`: what the channels of this server are called. `last`: the rule's newest delivery that
    succeeded, and the newest that did not, where there are any.
    """
    rows = {row.recipient_id: row for row in waiting}
    reasons = dict(rule.disabled)
    lines = [
        _recipient(one, rows.get(one.id), reasons.get(one.id), labels, now)
        for one in rule.recipients
    ]
    deliveries = {one.is_sent: one for one in last}
    failed = deliveries.get(False)
    return RuleLine(
        rule,
        what_text(rule.what),
        limits_of(rule.what),
        when_text(rule.when),
        lines,
        deliveries.get(True),
        failed,
        "" if failed is None else masked(failed.answer),
    )


def _recipient(
    recipient: Recipient,
    row: SubscriptionRow | None,
    reason: str | None,
    labels: Mapping[str, str],
    now: datetime,
) -> RecipientLine:
    address = address_text(recipient)
    word = labels.get(recipient.channel, recipient.channel)
    if reason is not None:
        return RecipientLine(recipient, word, address, "off", f"Gets nothing more: {reason}")
    if recipient.channel not in labels:
        said = "This server cannot send this way. Choose another, or set it up again."
        return RecipientLine(recipient, word, address, "broken", said)
    if row is None:
        return RecipientLine(recipient, word, address, "ok")
    due = datetime.fromtimestamp(row.due_at / 1000, UTC) if row.due_at else None
    behind = behind_text(row.waiting, row.first_at, now)
    if row.is_lag:
        return RecipientLine(recipient, word, address, "behind", behind, masked(row.error), due)
    said = f"{behind} {_WAITS[row.why]}" if row.why in _WAITS else behind
    return RecipientLine(recipient, word, address, "waiting", said, due=due)
