"""What a channel is: a name, a check of addresses, and a function that sends one message."""

from typing import Protocol

from app.core.rules.rule import Recipient
from app.notifications.notice import Message


class AddressRefused(Exception):
    """The address cannot be one of this channel; the message says why, for the person who typed."""


class NotNow(Exception):
    """The message was not sent and is tried again; `retry_after`: seconds that the other side asks.

    The message is a sentence without secrets, for pages and logs.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class MessageRefused(Exception):
    """The other side can never accept this message; the following ones are sent."""


class RecipientGone(Exception):
    """The recipient bounced, or wants nothing more: it is disabled until a person enables it."""


class Channel(Protocol):
    """One way to reach people or programs; thread-safe.

    A call of `send` ends within 30 s.
    """

    name: str

    def checked(self, address: str) -> str:
        """The address in its canonical form.

        Raises:
            AddressRefused: it cannot be an address of this channel.

        """

    def send(self, recipient: Recipient, message: Message) -> str:
        """Send a message; returns a sentence about the answer.

        Raises:
            NotNow, MessageRefused, RecipientGone: see there. Any other error counts as NotNow.

        """
