"""Sends one message to several recipients now, from this process, and waits for the answers."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from app.core.rules.rule import Recipient
from app.notifications.channels.channel import (
    Channel,
    MessageRefused,
    NotNow,
    RecipientGone,
)
from app.notifications.notice import Message
from app.observability.logs import masked

WITHIN = 30.0  # seconds for all of them: a person waits
_AT_ONCE = 8

_KNOWN = (NotNow, MessageRefused, RecipientGone)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message to one recipient; `answer` is a sentence for people.

    `took`: ms until the answer.
    """

    recipient: Recipient
    accepted: bool
    answer: str
    took: int = 0


def send_now(
    channels: Mapping[str, Channel],
    recipients: Sequence[Recipient],
    message: Message,
    within: float = WITHIN,
) -> list[Sent]:
    """Send a message to each recipient, in parallel; returns the outcomes in their order.

    An answer that comes after `within` seconds is not waited for: the message may arrive.
    """
    threads = ThreadPoolExecutor(min(_AT_ONCE, max(1, len(recipients))), "send-now")
    try:
        calls = [threads.submit(_timed, channels, one, message) for one in recipients]
        wait(calls, within)
        return [
            call.result() if call.done() else _unanswered(one, within)
            for one, call in zip(recipients, calls, strict=True)
        ]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _timed(channels: Mapping[str, Channel], recipient: Recipient, message: Message) -> Sent:
    began = time.monotonic()
    sent = _sent(channels, recipient, message)
    return replace(sent, took=int((time.monotonic() - began) * 1000))


def _sent(channels: Mapping[str, Channel], recipient: Recipient, message: Message) -> Sent:
    channel = channels.get(recipient.channel)
    if channel is None:
        reason = f"This server has no channel “{recipient.channel}”."
        return Sent(recipient, accepted=False, answer=reason)
    try:
        return Sent(recipient, accepted=True, answer=channel.send(recipient, message))
    except _KNOWN as error:
        return Sent(recipient, accepted=False, answer=str(error))
    except Exception as error:  # noqa: BLE001 - a channel may be other people's code
        reason = masked(f"{type(error).__name__}: {error}")
        return Sent(recipient, accepted=False, answer=reason)


def _unanswered(recipient: Recipient, seconds: float) -> Sent:
    answer = f"There was no answer within {seconds:.0f} seconds. The message may still arrive."
    return Sent(recipient, accepted=False, answer=answer, took=int(seconds * 1000))
