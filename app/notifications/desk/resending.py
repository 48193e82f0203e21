"""A message of the delivery log is sent again, made anew from the events that it told."""

from collections.abc import Callable, Mapping, Sequence

from app.core.events import split_event_id
from app.core.item import AttributeNames
from app.core.rules.recipients import recipient_of
from app.notifications.channels.channel import Channel
from app.notifications.desk.sending import send_now
from app.notifications.matching import ALERT_KINDS
from app.notifications.notice import Message, Notice
from app.notifications.sources import of_event, of_transition
from app.store.alerts.transition_log import TransitionLog
from app.store.feed.cursor import wall_ms
from app.store.idempotency import Once
from app.store.notifications.delivery_log import Delivery, DeliveryLog
from app.store.notifications.rule_errors import (
    NothingToResend,
    RecipientDisabled,
    RecipientNotFound,
)
from app.store.notifications.rules import RuleRepository
from app.store.timeline.timeline import Timeline


class Resending:
    """Sends messages again, and writes that to the delivery log and the admin trail."""

    def __init__(
        self,
        rules: RuleRepository,
        deliveries: DeliveryLog,
        timeline: Timeline,
        transitions: TransitionLog,
        channels: Mapping[str, Channel],
        names: AttributeNames,
        unsubscribe: Callable[[str, str], str | None],
    ) -> None:
        """`unsubscribe`: the address at which a recipient (second) leaves a rule (first)."""
        self._rules = rules
        self._deliveries = deliveries
        self._timeline = timeline
        self._transitions = transitions
        self._channels = channels
        self._names = names
        self._unsubscribe = unsubscribe

    def __call__(
        self, rule_id: str, delivery_id: str, actor: str, once: Once[Delivery] | None = None
    ) -> Delivery:
        """Send a message again, under its id; returns the new line of the log.

        Raises:
            RuleNotFound, DeliveryNotFound, RecipientNotFound: there is none with this id.
            RecipientDisabled: it unsubscribed, for example.
            NothingToResend: what it told is not stored any more.
            Replayed: `once` has a stored response for the request.

        """
        if once is not None:
            once.recall()
        rule = self._rules.get(rule_id)
        known = self._deliveries.get(rule.id, delivery_id)
        recipient = recipient_of(rule, known.recipient_id)
        if recipient is None:
            raise RecipientNotFound("This recipient is not in the rule any more.")
        if recipient.id in dict(rule.disabled):
            raise RecipientDisabled("This recipient is disabled. Enable it first.")
        if known.is_test:
            raise NothingToResend("This was a test, which told nothing: send another test instead.")
        notices = self._notices(known.notices)
        if not notices:
            raise NothingToResend(
                "What this message told is not stored any more, so it cannot be sent again."
            )
        message = Message(
            known.message_id,
            rule.id,
            rule.name,
            tuple(notices),
            is_digest=known.is_digest,
            folded=known.folded + len(known.notices) - len(notices),
            unsubscribe=self._unsubscribe(rule.id, recipient.id),
        )
        (sent,) = send_now(self._channels, [recipient], message)
        line = Delivery(
            rule_id=rule.id,
            recipient_id=recipient.id,
            channel=recipient.channel,
            address=recipient.address,
            message_id=known.message_id,
            at=wall_ms(),
            outcome="delivered" if sent.accepted else "rejected",
            answer=sent.answer,
            took=sent.took,
            tries=known.tries + 1,
            is_digest=known.is_digest,
            notices=known.notices,
            folded=known.folded,
        )
        self._deliveries.add([line])
        document = {"rule": rule.id, "name": rule.name, "delivery": known.id, "answer": sent.answer}
        self._rules.note(actor, "rule.resent", document, line, once)
        return line

    def _notices(self, told: Sequence[tuple[str, str]]) -> list[Notice]:
        """The notices with these ids and kinds that are still stored, in order."""
        rows = self._transitions.some([one for one, kind in told if kind in ALERT_KINDS])
        refs = {one: ref for one, _ in told if (ref := split_event_id(one)) is not None}
        events = self._timeline.events(list(refs.values()))
        found: list[Notice | None] = []
        for identifier, _ in told:
            row, ref = rows.get(identifier), refs.get(identifier)
            event = None if ref is None else events.get(ref)
            if row is not None:
                found.append(of_transition(row))
            elif event is not None:
                at_ms = int(event.occurred_at.timestamp() * 1000)
                found.append(of_event(event, at_ms, self._names))
        return [one for one in found if one is not None]
