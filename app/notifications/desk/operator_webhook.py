"""The webhook of the settings is one of the rules: listed and tested with them, changed elsewhere.

The sink `webhook` delivers it, with a cursor of its own and several requests at a time. This module
shows the sink's state in the form that rules have.
"""

from collections.abc import Callable
from dataclasses import replace

from app.config.addresses import without_query
from app.core.events import KINDS
from app.core.rules.rule import OPERATOR, Recipient, Rule, What, subscription_id
from app.notifications.desk.listed_rule import ListedRule
from app.notifications.desk.sending import Sent
from app.store.feed.cursor import wall_ms
from app.store.notifications.delivery_log import Delivery, Outcome
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.sinks.sink_errors import SinkNotFound, SinkTestFailed
from app.store.sinks.sink_lag import SinkView
from app.store.sinks.sink_status import SinkStatuses

NAME = "Operator's webhook"
SINK = "webhook"
_LATE = 10.0  # seconds; events that arrived later than that are on their way


class OperatorWebhook:
    """The webhook of this process's settings."""

    def __init__(
        self,
        url: str | None,
        pattern: str | None,
        sinks: SinkStatuses,
        send_test: Callable[[str, str], str],
    ) -> None:
        """`url`: None without a webhook. `send_test`: sends a test through a sink, for an actor."""
        self._url = None if url is None else without_query(url)
        self._pattern = pattern
        self._sinks = sinks
        self._send_test = send_test

    @property
    def is_set(self) -> bool:
        """Whether there is such a rule."""
        return self._url is not None

    @property
    def recipient(self) -> Recipient:
        """Where it sends."""
        return Recipient(SINK, self._url or "")

    def read(self) -> ListedRule | None:
        """The rule as it is now; None if the settings name no webhook.

        Raises:
            StoreUnavailable: its state cannot be read now.

        """
        if self._url is None:
            return None
        try:
            view = self._sinks.view(SINK)
        except SinkNotFound:  # no worker has run it yet
            view = None
        return operator_rule(self._url, self._pattern, view, wall_ms())

    def test(self, actor: str) -> list[Sent]:
        """Send a test message, which the admin trail names as the sink's.

        Raises:
            SinkNotConfigured, SinkNotFound: the settings name no webhook.

        """
        try:
            answer = self._send_test(SINK, actor)
        except SinkTestFailed as error:
            return [Sent(self.recipient, accepted=False, answer=error.detail)]
        return [Sent(self.recipient, accepted=True, answer=answer)]


def operator_rule(url: str, pattern: str | None, view: SinkView | None, now_ms: int) -> ListedRule:
    """The rule of a webhook at `url`, whose sink is as `view` says (None: it never ran). Pure."""
    recipient = Recipient(SINK, url)
    rule = Rule(
        id=OPERATOR,
        name=NAME,
        what=What(kinds=tuple(kind for kind in KINDS if kind != "internal")),
        recipients=(recipient,),
        created_by="settings",
    )
    if view is None:
        return ListedRule(rule, filter=pattern)
    row = view.row
    is_paused = row.state == "paused" and not view.paused_itself
    reason = row.why if row.state != "running" and not is_paused else ""
    rule = replace(
        rule,
        enabled=not is_paused,
        version=max(1, row.version),
        disabled=((recipient.id, reason),) if reason else (),
    )
    return ListedRule(rule, _waiting(view, recipient, now_ms), _last(view, recipient), pattern)


def _waiting(view: SinkView, recipient: Recipient, now_ms: int) -> list[SubscriptionRow]:
    """What is not delivered, as the row of a subscription that is behind; none if it is not."""
    error = view.row.health.error
    if not view.lag_events or (view.lag_seconds < _LATE and not error):
        return []
    row = SubscriptionRow(
        id=subscription_id(OPERATOR, recipient.id),
        rule_id=OPERATOR,
        recipient_id=recipient.id,
        channel=recipient.channel,
        address=recipient.address,
        why="failing" if error else "slow",
        first_at=now_ms - int(view.lag_seconds * 1000),
        waiting=view.lag_events,
        error=error,
    )
    return [row]


def _last(view: SinkView, recipient: Recipient) -> tuple[Delivery, ...]:
    last = view.row.health.last
    known: list[tuple[int, Outcome, str]] = [
        (last.accepted_at, "delivered", ""),
        (last.failed_at, "failed", last.failure),
    ]
    return tuple(
        Delivery(
            rule_id=OPERATOR,
            recipient_id=recipient.id,
            channel=recipient.channel,
            address=recipient.address,
            message_id="",
            at=at,
            outcome=outcome,
            answer=answer,
        )
        for at, outcome, answer in known
        if at
    )
