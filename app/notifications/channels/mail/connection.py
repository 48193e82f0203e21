"""A connection to the mail server is cut at a deadline, whatever state it is in.

A timeout of a socket starts again with each byte. So a timer shuts the socket down, through a
descriptor of its own, because TLS takes the first one over.
"""

import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from app.config.smtp import SMTPServer

STEP = 10.0  # seconds for connecting, and for each answer


@contextmanager
def connected(
    server: SMTPServer, context: ssl.SSLContext, own_name: str | None, seconds: float
) -> Iterator[smtplib.SMTP]:
    """An encrypted, signed-in connection, as far as the server's settings ask for it.

    It takes at most `seconds` after the name was resolved. `own_name` is for EHLO.

    Raises:
        smtplib.SMTPException, OSError: it cannot be had.

    """
    step = min(STEP, seconds)
    raw = socket.create_connection((server.host, server.port), step)
    with _cut_after(seconds, raw):
        client = smtplib.SMTP(local_hostname=own_name, timeout=step)
        client.sock = raw
        try:
            if server.security == "tls":
                client.sock = context.wrap_socket(raw, server_hostname=server.host)
            code, text = client.getreply()
            if code != 220:
                raise smtplib.SMTPResponseException(code, text)
            if server.security == "starttls":
                _start_tls(client, context, server.host)
            client.ehlo_or_helo_if_needed()
            if server.user:
                client.login(server.user, server.password)
            yield client
            with suppress(smtplib.SMTPException, OSError):  # the message is accepted by now
                client.quit()
        finally:
            client.close()
            raw.close()


def _start_tls(client: smtplib.SMTP, context: ssl.SSLContext, host: str) -> None:
    """As `SMTP.starttls`, which takes the name to verify from a connection that it made itself."""
    client.ehlo_or_helo_if_needed()
    if not client.has_extn("starttls"):
        raise smtplib.SMTPNotSupportedError("it has no STARTTLS")
    code, text = client.docmd("STARTTLS")
    if code != 220:
        raise smtplib.SMTPResponseException(code, text)
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    client.sock = context.wrap_socket(client.sock, server_hostname=host)
    # What was said before the encryption does not count; what is buffered is dropped (RFC 3207).
    client.file = None
    client.ehlo_resp = client.helo_resp = None
    client.esmtp_features = {}
    client.does_esmtp = False


@contextmanager
def _cut_after(seconds: float, raw: socket.socket) -> Iterator[None]:
    with closing(socket.socket(fileno=os.dup(raw.fileno()))) as same:

        def cut() -> None:
            with suppress(OSError):
                same.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
