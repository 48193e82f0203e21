"""The channel `apprise`: Slack, Teams, ntfy and whatever else an Apprise URL names."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from app.config.settings import Settings
from app.core.rules.rule import Recipient
from app.core.rules.secret_paths import shown_address
from app.notifications.channels.apprise.helper_process import HelperFailed, Helpers
from app.notifications.channels.channel import AddressRefused, NotNow
from app.notifications.notice import Message
from app.notifications.secrets import SecretMissing, Secrets, is_secret
from app.notifications.texts.templates import Texts

# Services whose URL can do without a token. All others are entered as secrets.
OPEN = ("ntfy", "ntfys", "json", "jsons", "form", "forms", "xml", "xmls")
_LONGEST = 1024

_NOT_IN_THE_CLEAR = (
    "This address holds a secret, or what looks like one. An administrator stores it; then enter "
    "secret: and its name, such as secret:TEAM_CHAT."
)


class AppriseChannel:
    """Sends through Apprise. URLs in secrets are the operator's own, and may be private ones."""

    name = "apprise"
    label = "Chat (Apprise)"
    placeholder = "secret:TEAM_CHAT"

    def __init__(
        self, helpers: Helpers, secrets: Secrets, texts: Texts, *, private_allowed: bool = False
    ) -> None:
        self._helpers = helpers
        self._secrets = secrets
        self._texts = texts
        self._private_allowed = private_allowed

    def checked(self, address: str) -> str:
        """The URL, or the name of a secret that holds one.

        Raises:
            AddressRefused: Apprise does not know it, or it must be a secret.

        """
        address = address.strip()
        try:
            url = self._secrets.value(address)
        except SecretMissing as error:
            raise AddressRefused(str(error)) from None
        if not is_secret(address):
            if len(url) > _LONGEST or not url.isprintable() or "://" not in url:
                raise AddressRefused(
                    "This must be an Apprise URL such as ntfys://ntfy.sh/our-shop, or the name "
                    "of a secret such as secret:TEAM_CHAT."
                )
            if _schema(url) not in OPEN or shown_address(url) != url:
                raise AddressRefused(_NOT_IN_THE_CLEAR)
        try:
            answer = self._helpers.ask({"op": "check", "url": url})
        except HelperFailed as error:
            raise AddressRefused(f"The address could not be checked: {error}.") from None
        if not answer["ok"]:
            raise AddressRefused("Apprise does not know a service with this address.")
        if answer["hides"] and not is_secret(address):
            raise AddressRefused(_NOT_IN_THE_CLEAR)
        return address

    def send(self, recipient: Recipient, message: Message) -> str:
        """Send a message.

        Raises:
            NotNow: it was not sent.

        """
        try:
            url = self._secrets.value(recipient.address)
        except SecretMissing as error:
            raise NotNow(str(error)) from None
        # Anyone in a room could stop the messages for all others.
        text = self._texts.text(replace(message, unsubscribe=None))
        request = {
            "op": "send",
            "url": url,
            "title": text.subject,
            "body": text.body,
            "public_only": not (is_secret(recipient.address) or self._private_allowed),
        }
        try:
            answer = self._helpers.ask(request)
        except HelperFailed as error:
            raise NotNow(str(error)) from None
        service = answer.get("service", "Apprise")
        if answer["ok"]:
            return f"{service} accepted the message"
        if answer.get("private"):
            raise NotNow(f"{service} has a private address, to which messages must not be sent")
        if answer.get("unknown"):
            raise NotNow("Apprise does not know a service with this address")
        status = answer.get("status")
        raise NotNow(
            f"{service} did not accept the message" + (f": it answered {status}" if status else "")
        )


def _schema(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


@contextmanager
def apprise_channel(settings: Settings, secrets: Secrets, texts: Texts) -> Iterator[AppriseChannel]:
    """The channel, until the block ends. A helper is started for the first message."""
    with closing(Helpers()) as helpers:
        yield AppriseChannel(
            helpers, secrets, texts, private_allowed=settings.notify_private_addresses
        )
