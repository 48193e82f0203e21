"""The channel `email`: one message in one connection to the mail server of the settings."""

import smtplib
import socket
import ssl
from email.headerregistry import Address

from app.config.settings import Settings
from app.config.smtp import SMTPServer, mail_address, sender_of, smtp_server
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import AddressRefused
from app.notifications.channels.mail.connection import connected
from app.notifications.channels.mail.mime import mail
from app.notifications.channels.mail.smtp_answers import outcome
from app.notifications.notice import Message
from app.notifications.texts.templates import Texts

DEADLINE = 20.0  # seconds for connecting and all that is said to the server


class EmailChannel:
    """Sends e-mails through one server."""

    name = "email"
    label = "E-mail"
    placeholder = "ann@shop.example"

    def __init__(
        self, server: SMTPServer, sender: Address, texts: Texts, seconds: float = DEADLINE
    ) -> None:
        self._server = server
        self._sender = sender
        self._texts = texts
        self._seconds = seconds
        self._tls = ssl.create_default_context()
        self._own_name: str | None = None  # for EHLO

    def checked(self, address: str) -> str:
        """The address, its domain in lower case.

        Raises:
            AddressRefused: it is not the address of one person.

        """
        try:
            return mail_address(address)
        except ValueError as error:
            raise AddressRefused(f"This {error}.") from None

    def send(self, recipient: Recipient, message: Message) -> str:
        """Hand the message to the server.

        Raises:
            NotNow, MessageRefused, RecipientGone: see there.

        """
        made = mail(message, self._texts.text(message), self._sender, recipient.address)
        server = self._server
        try:
            if self._own_name is None:  # it may take a name lookup
                self._own_name = socket.getfqdn()
            with connected(server, self._tls, self._own_name, self._seconds) as client:
                client.send_message(made, self._sender.addr_spec, [recipient.address])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise outcome(error, server.host) from None
        return f"{server.host} accepted the message {made['Message-ID']}"


def email_channel(settings: Settings, texts: Texts) -> EmailChannel | None:
    """The channel, if the settings have a mail server."""
    if settings.smtp_url is None or settings.smtp_from is None:
        return None
    server = smtp_server(settings.smtp_url.get_secret_value())
    return EmailChannel(server, sender_of(settings.smtp_from), texts)
