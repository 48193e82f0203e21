"""The channel `email`: one message in one connection to the mail server of the settings."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage

from app.config.settings import Settings
from app.config.smtp import SMTPServer, mail_address, sender_of, smtp_server
from app.notifications.channels.channel import AddressRefused
from app.notifications.channels.mail.mime import mail
from app.notifications.channels.mail.smtp_answers import outcome
from app.notifications.notice import Message
from app.notifications.rule import Recipient
from app.notifications.texts.templates import Texts

STEP = 10.0  # seconds for each answer of the server
DEADLINE = 25.0  # seconds for all of them together


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
        self._own_name: str | None = None  # for EHLO; finding it may take a name lookup

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
        try:
            with self._connected() as server:
                return self._handed_in(server, made, recipient.address)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise outcome(error, self._server.host) from None

    def _handed_in(self, server: smtplib.SMTP, made: EmailMessage, recipient: str) -> str:
        server.ehlo_or_helo_if_needed()
        if self._server.user:
            server.login(self._server.user, self._server.password)
        server.send_message(made, self._sender.addr_spec, [recipient])
        return f"{self._server.host} accepted the message {made['Message-ID']}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is cut at the deadline: a timeout starts again with each byte."""
        host, port, security = self._server.host, self._server.port, self._server.security
        step, own = min(STEP, self._seconds), self._own_name
        server = (
            smtplib.SMTP_SSL(local_hostname=own, timeout=step, context=self._tls)
            if security == "tls"
            else smtplib.SMTP(local_hostname=own, timeout=step)
        )
        self._own_name = server.local_hostname
        server._host = host  # noqa: SLF001 - `connect` does not set what TLS verifies
        watchdog = threading.Timer(self._seconds, _cut, [server])
        watchdog.daemon = True
        watchdog.start()
        try:
            code, text = server.connect(host, port)
            if code != 220:
                raise smtplib.SMTPResponseException(code, text)
            if security == "starttls":
                server.starttls(context=self._tls)
            yield server
            with suppress(smtplib.SMTPException, OSError):  # the message was accepted
                server.quit()
        finally:
            watchdog.cancel()
            server.close()


def _cut(server: smtplib.SMTP) -> None:
    with suppress(OSError, AttributeError):
        if server.sock is not None:
            server.sock.shutdown(socket.SHUT_RDWR)


def email_channel(settings: Settings, texts: Texts) -> EmailChannel | None:
    """The channel, if the settings have a mail server."""
    if settings.smtp_url is None or settings.smtp_from is None:
        return None
    server = smtp_server(settings.smtp_url.get_secret_value())
    return EmailChannel(server, sender_of(settings.smtp_from), texts)
