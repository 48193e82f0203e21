"""A request that is too large or too slow is rejected, and its connection is closed."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from errno import ECONNRESET
from socket import SO_ERROR, SOL_SOCKET

import pytest

from app.web.middleware.request_guard import SECURITY_HEADERS
from app.web.statics import static_path
from app.web.transport.bounded_protocol import BoundedProtocol
from tests.support.http.raw_http import Answer, connect, read_answer, request, send
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

HEAD_LIMIT = 8192
TIMEOUT = 0.4


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application with low limits."""
    folder = tmp_path_factory.mktemp("bounds")
    bounds = {"max_header_bytes": HEAD_LIMIT, "request_timeout_seconds": TIMEOUT}
    with serving(settings_for(endpoint, folder, **bounds)) as running:
        yield running


def padded(length: int) -> bytes:
    """A request whose request line and headers count as `length` bytes."""
    bare = len("/healthz") + len("Host: localhost\r\n") + len("X-Pad: \r\n")
    return request("GET", "/healthz", b"X-Pad: " + b"x" * (length - bare))


def test_headers_at_the_limit_are_accepted_and_one_byte_more_is_rejected(app: App) -> None:
    assert send(app.url, padded(HEAD_LIMIT)).status == 200
    answer = send(app.url, padded(HEAD_LIMIT + 1))
    assert_problem(answer, 431, "headers-too-large")


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value, name


def test_endless_header_is_rejected_before_it_fills_the_memory(app: App) -> None:
    assert sent_until_cut(app, b"x" * 65536, pause=0) < 20_000_000  # the sockets' buffers


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nHost:", request("POST", "/v1/products", body=b"{}")[:-1]],
    ids=["head", "body"],
)
def test_incomplete_request_gets_408_after_the_timeout(app: App, begun: bytes) -> None:
    with connect(app.url) as connection:
        connection.sendall(begun)
        started = time.monotonic()
        answer = read_answer(connection)
        assert_problem(answer, 408, "request-timeout")
        assert TIMEOUT * 0.9 < time.monotonic() - started < TIMEOUT + 3
        assert connection.recv(1) == b""


def test_slow_bytes_do_not_extend_the_timeout(app: App) -> None:
    started = time.monotonic()
    sent_until_cut(app, b"x", pause=0.05)
    assert time.monotonic() - started < TIMEOUT + 3


def sent_until_cut(app: App, piece: bytes, pause: float) -> int:
    """How many bytes of an endless header a client can send."""
    sent = 0
    with connect(app.url) as connection, suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nX-Endless: ")
        while sent < 50_000_000:
            sent += connection.send(piece)
            time.sleep(pause)
    return sent


def test_silent_connection_is_closed_without_a_response(app: App) -> None:
    with connect(app.url) as connection:
        assert connection.recv(100) == b""


def test_connection_whose_client_does_not_read_is_reset(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(BoundedProtocol, "send_timeout", TIMEOUT)
    with connect(app.url) as connection:
        asked = request("GET", f"{static_path()}/vendor/swagger-ui-bundle.js")
        connection.sendall(asked * 20)
        # Linux: what the server had sent is not read, and its kernel keeps none of it.
        until(lambda: connection.getsockopt(SOL_SOCKET, SO_ERROR) == ECONNRESET)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_idle_keep_alive_connection_is_not_closed(app: App) -> None:
    with connect(app.url) as connection:
        for _ in range(2):
            connection.sendall(request("GET", "/healthz"))
            assert read_answer(connection).status == 200
            time.sleep(TIMEOUT * 1.5)
