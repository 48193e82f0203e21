"""Requests that wait for the answers before them take little memory, and all are answered."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.support.house import House
from tests.support.http.raw_http import chunked, connect, request
from tests.support.processes.running import App, serving, settings_for

MIB = 1024 * 1024
PATIENCE = 0.4


@pytest.fixture
def impatient(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application that gives a request little time to arrive."""
    folder = tmp_path_factory.mktemp("impatient")
    with serving(settings_for(endpoint, folder, request_timeout_seconds=PATIENCE)) as running:
        yield running


def test_clients_that_pipeline_and_read_nothing_do_not_fill_the_memory(house: House) -> None:
    small = b"GET / HTTP/1.1\r\n\r\n"
    flood = small * (256 * 1024 // len(small))
    own = psutil.Process()
    before = own.memory_info().rss
    with ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(connect(house.app.url)).sendall(flood)
        assert house.app.http.get("/healthz").status_code == 200  # after what was sent before
        grown = own.memory_info().rss - before
        assert grown < 64 * MIB


def test_the_server_stops_reading_while_requests_wait(house: House) -> None:
    asked = chunked("POST", "/v1/products", chunks=[b"{}"]) + b"0\r\n\r\n"
    sent = 0
    with connect(house.app.url, seconds=1) as connection, suppress(TimeoutError):
        while sent < 50_000_000:
            sent += connection.send(asked * 1000)
    assert sent < 20_000_000  # the sockets' buffers


def test_pipelined_requests_are_answered_in_order(house: House) -> None:
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


def test_a_body_behind_pipelined_requests_arrives_whole(house: House) -> None:
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


def test_a_request_that_the_server_does_not_read_yet_is_not_too_slow(impatient: App) -> None:
    follow = request("GET", "/v1/events", b"Accept: text/event-stream")
    with connect(impatient.url) as connection:
        connection.sendall(follow + request("GET", "/healthz") + request("GET", "/healthz")[:-2])
        connection.settimeout(PATIENCE * 4)
        with suppress(TimeoutError):  # the stream goes on, and has nothing to say
            while connection.recv(4096):
                pass
            pytest.fail("the stream was ended")
