"""A request that is too long or too slow to arrive is refused, and its connection ended."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.web.middleware.request_guard import SECURITY_HEADERS
from app.web.statics import static_path
from app.web.transport.bounded_protocol import BoundedProtocol
from tests.support.http.raw_http import Answer, connect, read_answer, request, send
from tests.support.processes.running import App, serving, settings_for

HEAD_LIMIT = 8192
PATIENCE = 0.4


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application with narrow bounds."""
    folder = tmp_path_factory.mktemp("bounds")
    bounds = {"max_header_bytes": HEAD_LIMIT, "request_timeout_seconds": PATIENCE}
    with serving(settings_for(endpoint, folder, **bounds)) as running:
        yield running


def padded(length: int) -> bytes:
    """A request whose line and headers come to `length` bytes as they are counted."""
    bare = len("/healthz") + len("Host: localhost\r\n") + len("X-Pad: \r\n")
    return request("GET", "/healthz", b"X-Pad: " + b"x" * (length - bare))


def test_a_head_at_its_bound_is_let_in_and_a_byte_more_is_not(app: App) -> None:
    assert send(app.url, padded(HEAD_LIMIT)).status == 200
    answer = send(app.url, padded(HEAD_LIMIT + 1))
    assert_problem(answer, 431, "headers-too-large")


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value, name


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(app: App) -> None:
    assert sent_until_cut(app, b"x" * 65536, pause=0) < 20_000_000  # the sockets' buffers


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nHost:", request("POST", "/v1/products", body=b"{}")[:-1]],
    ids=["head", "body"],
)
def test_a_request_that_does_not_arrive_in_time_is_told_so(app: App, begun: bytes) -> None:
    with connect(app.url) as connection:
        connection.sendall(begun)
        started = time.monotonic()
        answer = read_answer(connection)
        assert_problem(answer, 408, "request-timeout")
        assert PATIENCE * 0.9 < time.monotonic() - started < PATIENCE + 3
        assert connection.recv(1) == b""


def test_a_byte_now_and_then_does_not_buy_time(app: App) -> None:
    started = time.monotonic()
    sent_until_cut(app, b"x", pause=0.05)
    assert time.monotonic() - started < PATIENCE + 3


def sent_until_cut(app: App, piece: bytes, pause: float) -> int:
    """How many bytes of a header without an end the server lets a client send."""
    sent = 0
    with connect(app.url) as connection, suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nX-Endless: ")
        while sent < 50_000_000:
            sent += connection.send(piece)
            time.sleep(pause)
    return sent


def test_a_connection_that_says_nothing_is_ended_without_a_word(app: App) -> None:
    with connect(app.url) as connection:
        assert connection.recv(100) == b""


def test_an_answer_that_its_client_does_not_take_is_not_kept(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "untaken", PATIENCE)
    ended = threading.Event()
    with connect(app.url) as connection:
        own, lose = connection.getsockname(), BoundedProtocol.connection_lost

        def lost(protocol: BoundedProtocol, fault: Exception | None) -> None:
            lose(protocol, fault)
            if protocol.client == own:
                ended.set()

        monkeypatch.setattr(BoundedProtocol, "connection_lost", lost)
        asked = request("GET", f"{static_path()}/vendor/swagger-ui-bundle.js")
        connection.sendall(asked * 20)
        assert ended.wait(15)


def test_a_slow_answer_and_a_quiet_keep_alive_are_not_cut(app: App) -> None:
    with connect(app.url) as connection:
        for _ in range(2):
            connection.sendall(request("GET", "/healthz"))
            assert read_answer(connection).status == 200
            time.sleep(PATIENCE * 1.5)
