"""Messages in the browser: they are stored for a person or for everyone, and pages show them."""

import unicodedata
from urllib.parse import quote

from app.core.rules.rule import Recipient
from app.notifications.channels.channel import AddressRefused
from app.notifications.notice import Message
from app.notifications.texts.sentences import sentence, subject
from app.store.notifications.inbox import Inbox
from app.store.notifications.inbox_news import EVERYONE

_LONGEST = 128  # characters of a person's name
_LINES = 20  # of a digest; the others are counted


class BrowserChannel:
    """Stores each message where the pages of its recipient look."""

    name = "browser"
    label = "In the browser"
    placeholder = "everyone"

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def checked(self, address: str) -> str:
        """A person's name as Stockpulse shows it beside their changes, or `everyone`.

        Raises:
            AddressRefused: nobody can have this name.

        """
        name = unicodedata.normalize("NFC", address.strip())
        if name.casefold() in {EVERYONE, "everyone"}:
            return EVERYONE
        if not name or not name.isprintable():
            raise AddressRefused("This must be a person’s name, or “everyone”.")
        if len(name) > _LONGEST:
            raise AddressRefused(f"A name has at most {_LONGEST} characters.")
        return name

    def send(self, recipient: Recipient, message: Message) -> str:
        """Store the message.

        Raises:
            StoreUnavailable: it may not be stored; a repeat is shown once.

        """
        self._inbox.put(
            recipient.address,
            f"{message.rule_id} {message.id}",
            subject(message),
            _text(message),
            _path(message),
        )
        who = "everyone" if recipient.address == EVERYONE else recipient.address
        return f"Waits in the browser of {who}."


def _text(message: Message) -> str:
    """What happened, a line for each."""
    if message.is_test:
        return "This is how messages of this rule appear."
    lines = [sentence(one) for one in message.notices[:_LINES]]
    more = message.folded + len(message.notices) - len(lines)
    return "\n".join([*lines, *([f"And {more:,} more."] if more else [])])


def _path(message: Message) -> str:
    """The page of the product, if the message is about one; else the changes."""
    products = {one.product_id for one in message.notices}
    if len(products) == 1 and not message.folded:
        (product,) = products
        return f"/products/history?id={quote(product, safe='')}" if product else "/system"
    return "/audit" if products else "/notifications"
