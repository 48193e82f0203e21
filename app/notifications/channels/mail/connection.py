"""A connection to the mail server is cut at a deadline, whatever state it is in.

A timeout of a socket starts again with each byte. So a timer shuts the socket down, through a
descriptor of its own, because TLS takes the first one over.
"""

import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from app.config.smtp import SMTPServer

STEP = 10.0  # seconds for each answer
CONNECT = 5.0  # seconds for each address of the server


@contextmanager
def connected(
    server: SMTPServer, context: ssl.SSLContext, own_name: str | None, seconds: float
) -> Iterator[smtplib.SMTP]:
    """An encrypted, signed-in connection, as far as the server's settings ask for it.

    It takes at most `seconds` after the name was resolved. `own_name` is for EHLO.

    Raises:
        smtplib.SMTPException, OSError: it cannot be had.

    """
    deadline = time.monotonic() + seconds
    raw = _connection(server, deadline)
    step = min(STEP, seconds)
    raw.settimeout(step)
    with _cut_after(deadline - time.monotonic(), raw):
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


def _connection(server: SMTPServer, deadline: float) -> socket.socket:
    """A TCP connection to the first address that takes it."""
    failed: OSError = TimeoutError()
    for family, kind, protocol, _, address in socket.getaddrinfo(
        server.host, server.port, type=socket.SOCK_STREAM
    ):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(min(CONNECT, left))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


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
