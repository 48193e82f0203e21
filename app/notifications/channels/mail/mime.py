"""A message as an e-mail: plain text and HTML, with the headers for unsubscribing in one click."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from app.notifications.notice import Message
from app.notifications.texts.templates import Text


def mail(message: Message, text: Text, sender: Address, recipient: str) -> EmailMessage:
    """The e-mail. A repeat has the same Message-ID, so mailboxes that dedupe show it once."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = recipient
    made["Subject"] = text.subject
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = message_id(message, sender, recipient)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic answers do not reply to it
    made["X-Stockpulse-Rule"] = message.rule_id
    made["X-Stockpulse-Message"] = message.id[:500]
    if message.unsubscribe:
        made["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made.set_content(text.body)
    made.add_alternative(text.html, subtype="html")
    return made


def message_id(message: Message, sender: Address, recipient: str) -> str:
    """A Message-ID that follows from the message's id, the rule and the recipient."""
    names = f"{message.rule_id}\0{message.id}\0{recipient}".encode()
    return f"<{sha256(names).hexdigest()[:32]}@{sender.domain}>"
