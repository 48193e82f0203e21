"""Strangers who hold all connections keep neither health checks nor signed-in clients out."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from tests.support.house import House, furnished
from tests.support.http.raw_http import connect, read_answer, request
from tests.support.processes.running import serving, settings_for
from tests.support.waiting import until

MOST = 32
HEALTH = request("GET", "/healthz")


@pytest.fixture(scope="module")
def small(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An application with keys that accepts few connections."""
    with furnished(endpoint, tmp_path_factory.mktemp("small"), connections=MOST) as running:
        yield running


def idle(stack: ExitStack, url: str, count: int, network: str) -> list[socket.socket]:
    """Connections from addresses in a network, which send nothing."""
    server = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
    return [
        stack.enter_context(
            closing(socket.create_connection(server, 10, (f"127.0.{network}.{n % 4 + 2}", 0)))
        )
        for n in range(count)
    ]


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_health_checks_are_answered_while_strangers_hold_all_places(small: House) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            idle(stack, small.app.url, MOST, "1")
            with connect(small.app.url) as check:
                check.sendall(HEALTH)
                assert read_answer(check).status == 200


def test_connections_of_a_signed_in_client_outlast_a_flood(small: House) -> None:
    key = b"Authorization: " + small.headers["viewer"]["Authorization"].encode()
    follow = request("GET", "/v1/events", b"Accept: text/event-stream", key)
    products = request("GET", "/v1/products", key)
    with ExitStack() as stack:
        stream = stack.enter_context(connect(small.app.url))
        stream.sendall(follow)
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
        client = stack.enter_context(connect(small.app.url))
        client.sendall(products)
        assert read_answer(client).status == 200
        flood = idle(stack, small.app.url, MOST * 2, "2")
        until(lambda: sum(map(is_closed, flood)) >= MOST)
        client.settimeout(10)
        client.sendall(products)
        assert read_answer(client).status == 200
        assert not is_closed(stream)


def test_loopback_of_an_open_server_has_no_limit_of_its_own(
    endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_for(endpoint, tmp_path_factory.mktemp("open"))
    with serving(settings, MOST) as app, ExitStack() as stack:
        app.http.get("/healthz")
        opened = [stack.enter_context(connect(app.url)) for _ in range(MOST // 2)]
        for connection in opened:
            connection.sendall(HEALTH)
            assert read_answer(connection).status == 200
        assert not any(map(is_closed, opened))


def test_wrong_key_does_not_make_a_client_known(small: House) -> None:
    wrong = b"Authorization: " + small.headers["unknown"]["Authorization"].encode()
    with ExitStack() as stack:
        guesser = stack.enter_context(connect(small.app.url))
        guesser.sendall(request("GET", "/v1/products", wrong))
        assert read_answer(guesser).status == 401
        idle(stack, small.app.url, MOST * 2, "3")
        until(lambda: is_closed(guesser))
