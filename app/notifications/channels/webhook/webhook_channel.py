"""The channel `webhook`: rules send signed CloudEvents to a program's URL."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.config.addresses import is_webhook
from app.config.settings import PREFIX, Settings
from app.core.rules.rule import Recipient
from app.core.rules.secret_paths import shown_address
from app.notifications.channels.channel import AddressRefused, NotNow
from app.notifications.channels.cloud_events import message_json
from app.notifications.channels.webhook.signing_secret import signing_keys
from app.notifications.notice import Message
from app.notifications.public_addresses import is_public, may_be_public
from app.notifications.secrets import SecretMissing, Secrets, is_secret
from app.observability.logs import masked
from app.store.deployment import Deployment

if TYPE_CHECKING:
    from app.notifications.channels.webhook.webhook_sender import WebhookSender

DEADLINE = 15.0  # seconds; Standard Webhooks recommends 15 to 30

_PRIVATE = (
    "This address is a private one. An administrator can allow it with "
    f"{PREFIX}NOTIFY_PRIVATE_ADDRESSES, or make it a secret."
)


class WebhookChannel:
    """Sends a rule's messages. URLs in secrets are the operator's own, and may be private ones."""

    name = "webhook"
    label = "Webhook"
    placeholder = "https://shop.example/stockpulse"
    singly = True  # its receivers are programs, which take one event at a time

    def __init__(
        self,
        senders: "_Senders",
        secrets: Secrets,
        deployment: Deployment,
        *,
        private_allowed: bool = False,
    ) -> None:
        self._senders = senders
        self._secrets = secrets
        self._signer = deployment.signer
        self._table = deployment.tables.products
        self._private_allowed = private_allowed

    def checked(self, address: str) -> str:
        """The URL, or the name of a secret that holds one.

        Raises:
            AddressRefused: it is no URL, a private address, or holds what may be a secret.

        """
        address = address.strip()
        try:
            url = self._secrets.value(address)
        except SecretMissing as error:
            raise AddressRefused(str(error)) from None
        if not is_webhook(url):
            raise AddressRefused(
                "This must be a URL such as https://shop.example/stockpulse, without user, "
                "password or fragment."
            )
        if is_secret(address):
            return address
        if "?" in url:
            raise AddressRefused(
                "A URL with a query (?…) usually holds a secret. An administrator stores it as "
                "one; then enter secret: and its name."
            )
        if shown_address(url) != url:
            raise AddressRefused(
                "The end of this URL looks like a secret, which would be stored in the clear. An "
                "administrator stores the URL as one; then enter secret: and its name."
            )
        host = (urlsplit(url).hostname or "").lower()
        if not self._private_allowed and not may_be_public(host):
            raise AddressRefused(_PRIVATE)
        return url

    def send(self, recipient: Recipient, message: Message) -> str:
        """Send a message, signed with the secret of its rule's recipient.

        Raises:
            NotNow, MessageRefused, RecipientGone: see there.

        """
        try:
            url = self._secrets.value(recipient.address)
        except SecretMissing as error:
            raise NotNow(str(error)) from None
        if not is_webhook(url):  # an error of the client would show it
            raise NotNow(f"{masked(shown_address(recipient.address))} is not a URL to call")
        own = is_secret(recipient.address)
        sender = self._senders.get(public_only=not (own or self._private_allowed))
        now = datetime.now(UTC)
        return sender.send(
            url,
            signing_keys(self._signer, message.rule_id, recipient, now),
            message.id,
            message_json(message, self._table, now),
            shown=recipient.address if own else "",
        )


class _Senders:
    """Two senders, which share no connection: one of them may connect to private addresses.

    Each is made for its first message, with the HTTP client and its thread.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._opened = ExitStack()
        self._made: dict[bool, WebhookSender] = {}

    def get(self, *, public_only: bool) -> "WebhookSender":
        with self._lock:
            if public_only not in self._made:
                from app.notifications.channels.webhook.webhook_sender import WebhookSender
                from app.runtime.http_post import posting

                may_connect = is_public if public_only else None
                post = self._opened.enter_context(posting(self._seconds, may_connect))
                self._made[public_only] = WebhookSender(post)
            return self._made[public_only]

    def close(self) -> None:
        self._opened.close()


@contextmanager
def webhook_channel(
    settings: Settings, deployment: Deployment, secrets: Secrets, seconds: float = DEADLINE
) -> Iterator[WebhookChannel]:
    """The channel, until the block ends; a call takes at most `seconds`."""
    with closing(_Senders(seconds)) as senders:
        yield WebhookChannel(
            senders, secrets, deployment, private_allowed=settings.notify_private_addresses
        )
