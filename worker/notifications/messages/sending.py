"""One message is made, sent and logged; whatever a channel does, the outcome is one of five."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from app.core.errors import StoreUnavailable
from app.core.rules.rule import Recipient, Rule
from app.notifications.channels.channel import Channel, MessageRefused, NotNow, RecipientGone
from app.notifications.notice import Message, Notice
from app.observability.logs import masked
from app.observability.metrics import NOTICES_DELIVERED, NOTICES_FAILED, NOTICES_REJECTED
from app.store.feed.cursor import wall_ms
from app.store.notifications.delivery_log import Delivery, Outcome
from worker.notifications.messages.digest import Present, latest_alerts
from worker.notifications.state.waiting import Waiting

SINGLY = frozenset({"webhook"})  # channels whose receivers are programs
MOST_LISTED = 50  # notices in a digest; the rest is counted

_log = logging.getLogger(__name__)

Unsubscribe = Callable[[str, str], str | None]  # the URL for a rule's and a recipient's id
Kind = Literal["delivered", "not_now", "refused", "gone", "void"]


@dataclass(frozen=True, slots=True)
class Sent:
    """How a message ended; `void`: nothing was left to tell. `line` is for the delivery log."""

    kind: Kind
    text: str
    line: Delivery | None = None
    retry_after: float | None = None


class Sender:
    """Sends messages through the channels of this process; thread-safe."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        present: Present,
        unsubscribe: Unsubscribe = lambda _rule, _recipient: None,
    ) -> None:
        self._channels = channels
        self._present = present
        self._unsubscribe = unsubscribe

    def is_singly(self, recipient: Recipient) -> bool:
        """Whether the recipient gets each notice as a message of its own."""
        channel = self._channels.get(recipient.channel)
        return bool(getattr(channel, "singly", recipient.channel in SINGLY))

    def has(self, channel: str) -> bool:
        """Whether this process has a channel of this name."""
        return channel in self._channels

    def send(
        self, rule: Rule, recipient: Recipient, waiting: Waiting, tries: int, *, is_digest: bool
    ) -> Sent:
        """Send what waits as one message; never raises."""
        began, at = time.monotonic(), wall_ms()
        try:
            message = self._message(rule, recipient, waiting, is_digest=is_digest)
        except StoreUnavailable as error:
            return Sent("not_now", error.detail)
        except Exception as error:  # noqa: BLE001 - the subscription must not be stuck
            _log.exception("a message of the rule %s could not be made", rule.id)
            return Sent("not_now", f"{type(error).__name__}: {error}")
        if message is None:
            return Sent("void", "everything had recovered")
        kind, text, wait = self._call(recipient, message)
        labels = (recipient.channel, rule.id)
        line = Delivery(
            rule_id=rule.id,
            recipient_id=recipient.id,
            channel=recipient.channel,
            address=recipient.address,
            message_id=message.id,
            at=at,
            outcome=_OUTCOMES[kind],
            answer=text,
            took=round((time.monotonic() - began) * 1000),
            tries=tries,
            is_digest=is_digest,
            notices=tuple((one.id, one.kind) for one in message.notices),
            folded=message.folded,
        )
        _COUNTERS[kind].labels(*labels).inc()
        return Sent(kind, text, line, wait)

    def _call(self, recipient: Recipient, message: Message) -> tuple[Kind, str, float | None]:
        channel = self._channels.get(recipient.channel)
        if channel is None:
            return "not_now", f"The channel {recipient.channel} is not set up here.", None
        try:
            return "delivered", channel.send(recipient, message), None
        except NotNow as error:
            return "not_now", str(error), error.retry_after
        except MessageRefused as error:
            return "refused", str(error), None
        except RecipientGone as error:
            return "gone", str(error), None
        except Exception as error:  # noqa: BLE001 - a channel may raise any error
            _log.warning("the channel %s failed", recipient.channel, exc_info=True)
            return "not_now", masked(f"{type(error).__name__}: {error}"), None

    def _message(
        self, rule: Rule, recipient: Recipient, waiting: Waiting, *, is_digest: bool
    ) -> Message | None:
        notices = [entry.notice for entry in waiting.entries]
        identifier, folded = notices[0].id, 0
        if is_digest:
            identifier = digest_id(rule, recipient, notices, waiting.folded)
            notices = self._present.current(latest_alerts(notices))
            if not notices and not waiting.folded:
                return None
            folded = waiting.folded + max(0, len(notices) - MOST_LISTED)
            notices = notices[-MOST_LISTED:]
        return Message(
            id=identifier,
            rule_id=rule.id,
            rule_name=rule.name,
            notices=tuple(notices),
            is_digest=is_digest,
            folded=folded,
            unsubscribe=self._unsubscribe(rule.id, recipient.id),
        )


def digest_id(rule: Rule, recipient: Recipient, notices: list[Notice], folded: int) -> str:
    """The same for the same notices, so that a repeat has the id of the first try."""
    parts = (rule.id, recipient.id, notices[0].id, notices[-1].id, str(len(notices) + folded))
    digest = sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
    return f"digest_{digest[:32]}"


_OUTCOMES: Mapping[Kind, Outcome] = {
    "delivered": "delivered",
    "not_now": "failed",
    "refused": "rejected",
    "gone": "rejected",
}
_COUNTERS = {
    "delivered": NOTICES_DELIVERED,
    "not_now": NOTICES_FAILED,
    "refused": NOTICES_REJECTED,
    "gone": NOTICES_REJECTED,
}
