"""A test message goes to a rule's recipients at once, from the process that is asked."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.rules.recipients import recipient_of
from app.core.rules.rule import OPERATOR, Recipient, Rule
from app.notifications.channels.channel import Channel
from app.notifications.desk.operator_webhook import OperatorWebhook
from app.notifications.desk.sending import Sent, send_now
from app.notifications.notice import Message
from app.store.feed.cursor import wall_ms
from app.store.idempotency import Once
from app.store.notifications.delivery_log import Delivery, DeliveryLog
from app.store.notifications.rule_errors import RecipientNotFound
from app.store.notifications.rule_test_bound import RuleTestBound
from app.store.notifications.rules import RuleRepository


@dataclass(frozen=True, slots=True)
class TrialStores:
    """The rules, the log in which tests are marked, and how many there may be."""

    rules: RuleRepository
    log: DeliveryLog
    bound: RuleTestBound


class RuleTester:
    """Sends test messages, and writes each to the delivery log and to the admin trail."""

    def __init__(
        self, stores: TrialStores, channels: Mapping[str, Channel], operator: OperatorWebhook
    ) -> None:
        self._rules = stores.rules
        self._log = stores.log
        self._bound = stores.bound
        self._channels = channels
        self._operator = operator

    def __call__(
        self,
        rule_id: str,
        recipient_id: str | None,
        actor: str,
        once: Once[list[Sent]] | None = None,
    ) -> list[Sent]:
        """Send a test message to one recipient, or to all; a disabled one gets none.

        Two concurrent requests with the same idempotency key may both send messages.

        Raises:
            RuleNotFound, RecipientNotFound: there is none with this id.
            TooManyTests: the rule has sent as many as it may for now.
            Replayed: `once` has a stored response for the request.

        """
        if once is not None:
            once.recall()
        if rule_id == OPERATOR and self._operator.is_set:
            return self._of_operator(recipient_id, actor, once)
        rule = self._rules.get(rule_id)
        recipients = list(rule.recipients)
        if recipient_id is not None:
            one = recipient_of(rule, recipient_id)
            if one is None:
                raise RecipientNotFound("This rule has no recipient with this id.")
            recipients = [one]
        self._bound.take(rule.id)
        identifier = f"test_{secrets.token_hex(16)}"
        message = Message(identifier, rule.id, rule.name, (), is_test=True)
        disabled = dict(rule.disabled)
        reached = [one for one in recipients if one.id not in disabled]
        answers = {one.recipient.id: one for one in send_now(self._channels, reached, message)}
        self._log.add(_lines(rule, list(answers.values()), identifier, wall_ms()))
        sent = [answers.get(one.id) or _unsent(one, disabled[one.id]) for one in recipients]
        outcomes = [
            {"recipient": one.recipient.id, "accepted": one.accepted, "answer": one.answer}
            for one in sent
        ]
        document = {"rule": rule.id, "name": rule.name, "outcomes": outcomes}
        self._rules.note(actor, "rule.tested", document, sent, once)
        return sent

    def _of_operator(
        self, recipient_id: str | None, actor: str, once: Once[list[Sent]] | None
    ) -> list[Sent]:
        if recipient_id not in {None, self._operator.recipient.id}:
            raise RecipientNotFound("This rule has no recipient with this id.")
        self._bound.take(OPERATOR)
        sent = self._operator.test(actor)
        if once is not None:
            once.record(sent)
        return sent


def _lines(rule: Rule, sent: Sequence[Sent], identifier: str, now_ms: int) -> list[Delivery]:
    """The lines of the delivery log."""
    return [
        Delivery(
            rule_id=rule.id,
            recipient_id=one.recipient.id,
            channel=one.recipient.channel,
            address=one.recipient.address,
            message_id=identifier,
            at=now_ms,
            outcome="delivered" if one.accepted else "rejected",
            answer=one.answer,
            took=one.took,
            is_test=True,
        )
        for one in sent
    ]


def _unsent(recipient: Recipient, reason: str) -> Sent:
    """The outcome for somebody who unsubscribed, for example."""
    return Sent(recipient, accepted=False, answer=f"Nothing was sent, as it is disabled: {reason}")
