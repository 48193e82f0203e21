"""Pipelined requests take little memory while they wait, and all of them get a response."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.support.house import House
from tests.support.http.raw_http import chunked, connect, request
from tests.support.processes.running import App, serving, settings_for

MIB = 1024 * 1024
TIMEOUT = 0.4


@pytest.fixture
def short_timeout(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application with a short request timeout."""
    folder = tmp_path_factory.mktemp("short-timeout")
    with serving(settings_for(endpoint, folder, request_timeout_seconds=TIMEOUT)) as running:
        yield running


def test_pipelining_clients_that_do_not_read_use_little_memory(house: House) -> None:
    small = b"GET / HTTP/1.1\r\n\r\n"
    flood = small * (256 * 1024 // len(small))
    own = psutil.Process()
    before = own.memory_info().rss
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connect(house.app.url)).sendall(flood)
        assert house.app.http.get("/healthz").status_code == 200  # the server has read the flood
        grown = own.memory_info().rss - before
        assert grown < 12 * MIB


def test_server_stops_reading_while_requests_wait(house: House) -> None:
    asked = chunked("POST", "/v1/products", chunks=[b"{}"]) + b"0\r\n\r\n"
    sent = 0
    with connect(house.app.url, seconds=1) as connection, suppress(TimeoutError):
        while sent < 50_000_000:
            sent += connection.send(asked * 1000)
    assert sent < 20_000_000  # the sockets' buffers


def test_pipelined_requests_get_responses_in_order(house: House) -> None:
    paths = ["/healthz", "/v1/products/none", "/static/css/base.css"] * 40
    alone = [house.app.http.get(path).status_code for path in paths[:3]]
    with connect(house.app.url) as connection:
        stream = connection.makefile("rb")
        connection.sendall(b"".join(request("GET", path) for path in paths))
        got = []
        for _ in paths:
            got.append(int(stream.readline().split()[1]))
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)
    assert got == alone * 40


def test_body_after_pipelined_requests_arrives_complete(house: House) -> None:
    key = b"Authorization: " + house.headers["editor"]["Authorization"].encode()
    body = b'{"product_id":"PL1","name":"n","stock":1' + b" " * 300_000 + b"}"
    json = b"Content-Type: application/json"
    with connect(house.app.url) as connection:
        pipelined = [request("HEAD", "/healthz")] * 100
        pipelined.append(
            request("POST", "/v1/products", key, json, b"Connection: close", body=body)
        )
        connection.sendall(b"".join(pipelined))
        with connection.makefile("rb") as stream:
            answers = stream.read()
    assert answers.count(b"HTTP/1.1 200") == 100
    assert answers.count(b"HTTP/1.1 201") == 1


def test_request_that_waits_behind_a_stream_does_not_time_out(short_timeout: App) -> None:
    follow = request("GET", "/v1/events", b"Accept: text/event-stream")
    with connect(short_timeout.url) as connection:
        connection.sendall(follow + request("GET", "/healthz") + request("GET", "/healthz")[:-2])
        connection.settimeout(TIMEOUT * 4)
        with suppress(TimeoutError):  # the stream stays open without sending anything
            while connection.recv(4096):
                pass
            pytest.fail("the stream was ended")
