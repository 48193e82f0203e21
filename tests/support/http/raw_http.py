"""HTTP over raw sockets, for requests that no client library sends."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HOST = b"localhost"


@dataclass(frozen=True)
class Answer:
    """A response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str, target: str | bytes, *headers: bytes, body: bytes | None = None, host: bytes = HOST
) -> bytes:
    """The bytes of a request, without validation, escaping or normalisation."""
    target = target if isinstance(target, bytes) else target.encode("ascii")
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + host, *headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunked(method: str, target: str, *headers: bytes, chunks: list[bytes]) -> bytes:
    """A request with a chunked body, without the last chunk that ends it."""
    head = request(method, target, *headers, b"Transfer-Encoding: chunked")
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def connect(url: str, seconds: float = 10) -> socket.socket:
    """A connection to the server behind `url`."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=seconds)


def send(url: str, data: bytes) -> Answer:
    """Send these bytes; returns the first response, then closes the connection."""
    with connect(url) as connection:
        connection.sendall(data)
        return read_answer(connection, bodiless=data.startswith(b"HEAD "))


def read_answer(connection: socket.socket, *, bodiless: bool = False) -> Answer:
    """Read a response to its Content-Length, or to the end of the connection."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length")
        if bodiless or status in {204, 304}:
            return Answer(status, headers, b"")
        return Answer(status, headers, stream.read(-1 if length is None else int(length)))
