"""What a proxy forwards as one request is exactly that request here (no request smuggling)."""

from contextlib import suppress

import pytest

from tests.support.house import House
from tests.support.http.raw_http import chunked, connect, read_answer, request, send

JSON = b"Content-Type: application/json"
NEW = b'{"product_id":"%b","name":"n","stock":1}'


@pytest.fixture
def key(house: House) -> bytes:
    """The Authorization header of an editor."""
    return b"Authorization: " + house.headers["editor"]["Authorization"].encode()


def status_of(house: House, product_id: str) -> int:
    return house.app.http.get(
        f"/v1/products/{product_id}", headers=house.headers["viewer"]
    ).status_code


def test_trailers_are_not_treated_as_headers(house: House, key: bytes) -> None:
    body = chunked("POST", "/v1/products", JSON, chunks=[NEW % b"T1"])
    assert send(house.app.url, body + b"0\r\n" + key + b"\r\n\r\n").status == 401
    body = chunked("POST", "/v1/products", JSON, key, chunks=[NEW % b"T2"])
    assert send(house.app.url, body + b"0\r\nHost: evil.example\r\n\r\n").status == 201
    assert status_of(house, "T1") == 404


def test_endless_trailer_does_not_fill_the_memory(house: House, key: bytes) -> None:
    sent = 0
    with connect(house.app.url) as connection, suppress(OSError):
        connection.sendall(chunked("POST", "/v1/products", JSON, key, chunks=[b"{}"]))
        connection.sendall(b"0\r\nX-Endless: ")
        while sent < 50_000_000:
            sent += connection.send(b"x" * 65536)
    assert sent < 20_000_000  # the sockets' buffers


@pytest.mark.parametrize("wanted", [b"h2c", b"websocket", b"x"])
def test_body_of_an_upgrade_request_is_not_parsed_as_a_request(
    house: House, key: bytes, wanted: bytes
) -> None:
    inner = request("POST", "/v1/products", JSON, key, body=NEW % b"U1")
    asked = [b"Connection: Upgrade", b"Upgrade: " + wanted]
    for length in (b"Content-Length: %d" % len(inner), b"Transfer-Encoding: chunked"):
        with connect(house.app.url) as connection:
            connection.sendall(request("POST", "/v1/products:batch", JSON, key, length, *asked))
            answer = read_answer(connection)
            assert (answer.status, answer.json()["code"]) == (400, "malformed-request")
            with suppress(OSError):
                connection.sendall(inner)
                assert connection.recv(100) == b""
    assert status_of(house, "U1") == 404


def test_upgrade_without_a_body_is_ignored_and_ends_the_connection(
    house: House, key: bytes
) -> None:
    asked = [b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 0"]
    inner = request("POST", "/v1/products", JSON, key, body=NEW % b"U2")
    with connect(house.app.url) as connection:
        outer = request("POST", "/v1/products:batch", JSON, key, body=b" " * 2000 + inner)
        connection.sendall(request("GET", "/healthz", *asked) + outer)
        with connection.makefile("rb") as stream, suppress(ConnectionResetError):
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            assert b"HTTP/1.1" not in stream.read()
    assert status_of(house, "U2") == 404


def test_large_body_in_small_or_large_chunks_is_accepted(house: House, key: bytes) -> None:
    name = b'{"product_id":"L%d","name":"n","stock":1%b}'
    for number, pieces in enumerate(([b" "] * 40_000, [b" " * 100_000] * 5)):
        whole = [name % (number, b""), *pieces]
        data = chunked("POST", "/v1/products", JSON, key, chunks=whole) + b"0\r\n\r\n"
        assert send(house.app.url, data).status == 201
