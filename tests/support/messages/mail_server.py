"""A real SMTP server that keeps what it receives, and answers as it is set."""

import email
import email.policy
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.processes.process import free_port

USER, PASSWORD = "stock", "pa ss:w@rd"


@dataclass
class MailServer:
    """`recipient_answer` and `data_answer` may be changed; None accepts."""

    port: int
    recipient_answer: str | None = None
    data_answer: str | None = None
    received: list[EmailMessage] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer is not None:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data_answer is not None:
            return self.data_answer
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.signed_in.append(bool(session.authenticated))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def mail_server(
    certificate: Path | None = None, *, auth: bool = False, tls: bool = False
) -> Iterator[MailServer]:
    """A server on a free port of this machine.

    With a certificate it insists on STARTTLS, or with `tls` it speaks TLS from the start.
    """
    handler = MailServer(free_port())
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        starttls = {"tls_context": context, "require_starttls": True}
        options |= {"ssl_context": context} if tls else starttls
    if auth:
        options |= {"auth_required": True, "authenticator": _authenticated}
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, **options)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def _authenticated(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and data == LoginPassword(
        USER.encode(), PASSWORD.encode()
    )
    return AuthResult(success=right, handled=False)  # else no answer is sent
