"""A call ends at its deadline, and an event without a response is retried."""

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.runtime import http_post
from tests.support.builders import an_event, an_item
from tests.support.http.receiver import SECRET, closed_port, misbehaving, receiving
from tests.support.messages.certificate import self_signed
from worker.consumers.sink import Unavailable
from worker.sinks.webhook import webhook

SECONDS = 0.5


def deliver(url: str, seconds: float = SECONDS) -> str:
    """The error of a delivery that fails, without the URL."""
    with webhook(url, SECRET, "Products", seconds) as hook, pytest.raises(Unavailable) as error:
        hook.deliver([an_event()])
    assert error.value.retry_after is None
    text = str(error.value)
    assert text.startswith(url.partition("?")[0] + " ")
    return text[len(url.partition("?")[0]) + 1 :]


def drip(before: bytes, repeated: bytes) -> Callable[[socket.socket], None]:
    """Read a request, send `before`, then one byte ten times per time limit."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(before)
        for byte in itertools.cycle(repeated):
            connection.sendall(bytes([byte]))
            time.sleep(SECONDS / 10)

    return talk


DRIPS = {
    "nothing at all": lambda connection: time.sleep(3 * SECONDS),
    "the status line": drip(b"HTTP/1.1 200 ", b"O"),
    "a header": drip(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "many headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "informational answers": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


@pytest.mark.parametrize("talk", DRIPS.values(), ids=DRIPS)
def test_a_slow_response_is_cut_off_at_the_deadline(talk: Callable[[socket.socket], None]) -> None:
    with misbehaving(talk) as url:
        started = time.monotonic()
        assert deliver(url) == f"did not answer within {SECONDS} s"
        assert SECONDS <= time.monotonic() - started < 2 * SECONDS


def test_a_slow_body_after_the_status_is_cut_off_and_the_status_counts() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with misbehaving(drip(answer, b"x")) as url, webhook(url, SECRET, "P", SECONDS) as hook:
        started = time.monotonic()
        assert hook.deliver([an_event()]) == []
        assert SECONDS <= time.monotonic() - started < 2 * SECONDS


def test_a_receiver_that_does_not_read_is_cut_off() -> None:
    def deaf(_connection: socket.socket) -> None:
        time.sleep(3 * SECONDS)

    half = an_item(Note="x" * 100_000)
    with misbehaving(deaf) as url, webhook(url, SECRET, "Products", SECONDS) as hook:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="did not answer"):
            hook.deliver([an_event(before=half, after=half)])
        assert time.monotonic() - started < 2 * SECONDS


def test_a_slow_name_server_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_args: object, **_options: object) -> None:
        time.sleep(4 * SECONDS)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()
    assert deliver("http://shop.example/hooks") == f"did not answer within {SECONDS} s"
    assert time.monotonic() - started < 3 * SECONDS


def test_calls_that_were_cut_off_do_not_block_others() -> None:
    with receiving() as receiver, webhook(receiver.url, SECRET, "Products", SECONDS) as hook:
        receiver.hold = threading.Barrier(1000)  # no request gets through
        with ThreadPoolExecutor(8) as threads:
            failures = [
                threads.submit(hook.deliver, [an_event(number)]).exception for number in range(16)
            ]
            assert all(isinstance(failure(), Unavailable) for failure in failures)
        receiver.hold.abort()
        receiver.hold = None
        assert hook.deliver([an_event()]) == []


def test_a_refused_connection_is_reported() -> None:
    assert deliver(f"http://127.0.0.1:{closed_port()}/hooks?q=1") == "refused the connection"


def test_an_unknown_host_name_is_reported() -> None:
    reason = "has a host name that cannot be resolved"
    assert deliver("http://stockpulse.invalid/hooks", 5) == reason
    assert deliver(f"http://{'a' * 64}.example/hooks") == reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection without answering"),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection without answering"),
        (b"220 mail.example ESMTP\r\n\r\n", "did not answer in HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "did not answer in HTTP/1.1"),
    ],
)
def test_a_response_that_is_no_http_is_reported(answer: bytes, reason: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with misbehaving(talk) as url:
        assert deliver(url, 5) == reason


def test_a_response_sent_before_the_body_was_read_counts() -> None:
    connections = []

    def early(connection: socket.socket) -> None:
        connections.append(connection)
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        time.sleep(2 * SECONDS)

    half = an_item(Note="x" * 120_000)
    with misbehaving(early) as url, webhook(url, SECRET, "Products", SECONDS) as hook:
        event = an_event(before=half, after=half)
        ((_, error),) = hook.deliver([event])
        assert "413" in error
        with pytest.raises(Unavailable):  # nobody reads the kept connection
            hook.deliver([event])
        ((_, error),) = hook.deliver([event])
        assert "413" in error
    assert len(connections) == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key in the same file."""
    return self_signed(tmp_path_factory.mktemp("tls"))


def over_tls(certificate: Path) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            while secure.recv(65536):
                secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    return talk


def test_a_certificate_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with misbehaving(over_tls(certificate)) as plain:
        url = plain.replace("http://127.0.0.1", "https://localhost")
        assert deliver(url, 5).startswith("has a certificate that is not trusted: ")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        with webhook(url, SECRET, "Products") as hook:
            assert [hook.deliver([an_event(number)]) for number in range(3)] == [[], [], []]
        assert "not trusted" in deliver(url.replace("localhost", "127.0.0.1"), 5)


def test_a_receiver_without_tls_is_reported() -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with misbehaving(plain) as url:
        assert deliver(url.replace("http:", "https:"), 5).startswith("failed in the TLS handshake")


def test_a_kept_connection_that_the_receiver_closed_is_not_used() -> None:
    def one_request(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with misbehaving(one_request) as url, webhook(url, SECRET, "Products") as hook:
        for number in range(5):
            assert hook.deliver([an_event(number)]) == []
            time.sleep(0.05)


def test_an_old_connection_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "KEEP_ALIVE", 0.1)
    with receiving() as receiver, webhook(receiver.url, SECRET, "Products") as hook:
        for number in range(2):
            hook.deliver([an_event(number)])
            time.sleep(0.15)
        assert len({request.port for request in receiver.received}) == 2


def test_the_end_of_the_block_ends_running_calls() -> None:
    with receiving() as receiver, ThreadPoolExecutor(1) as threads:
        receiver.hold = threading.Barrier(2)
        with webhook(receiver.url, SECRET, "Products") as hook:
            delivery = threads.submit(hook.deliver, [an_event()])
            while not receiver.received:
                time.sleep(0.01)
        assert "this process is stopping" in str(delivery.exception(1))
        receiver.hold.abort()
