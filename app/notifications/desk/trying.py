"""A test message goes to a rule's recipients at once, from the process that is asked."""

import secrets
from collections.abc import Mapping

from app.core.rules.recipients import recipient_of
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import Channel
from app.notifications.desk.sending import Sent, send_now
from app.notifications.notice import Message
from app.store.idempotency import Once
from app.store.notifications.rule_errors import RecipientNotFound
from app.store.notifications.rules import RuleRepository


class RuleTester:
    """Sends test messages, and writes each to the admin trail with its outcome."""

    def __init__(self, rules: RuleRepository, channels: Mapping[str, Channel]) -> None:
        self._rules = rules
        self._channels = channels

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
            Replayed: `once` has a stored response for the request.

        """
        if once is not None:
            once.recall()
        rule = self._rules.get(rule_id)
        recipients = list(rule.recipients)
        if recipient_id is not None:
            one = recipient_of(rule, recipient_id)
            if one is None:
                raise RecipientNotFound("This rule has no recipient with this id.")
            recipients = [one]
        identifier = f"test_{secrets.token_hex(16)}"
        message = Message(identifier, rule.id, rule.name, (), is_test=True)
        disabled = dict(rule.disabled)
        reached = [one for one in recipients if one.id not in disabled]
        answers = {one.recipient.id: one for one in send_now(self._channels, reached, message)}
        sent = [answers.get(one.id) or _unsent(one, disabled[one.id]) for one in recipients]
        outcomes = [
            {"recipient": one.recipient.id, "accepted": one.accepted, "answer": one.answer}
            for one in sent
        ]
        document = {"rule": rule.id, "name": rule.name, "outcomes": outcomes}
        self._rules.note(actor, "rule.tested", document, sent, once)
        return sent


def _unsent(recipient: Recipient, reason: str) -> Sent:
    """The outcome for somebody who unsubscribed, for example."""
    return Sent(recipient, accepted=False, answer=f"Nothing was sent, as it is disabled: {reason}")
