"""Requests to a local engine go over plain sockets, whose connections are kept."""

import os
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from weakref import finalize, ref

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from httptools import HttpParserError, HttpResponseParser
from urllib3.util import wait_for_read

_READ = 64 * 1024  # most bytes read at a time

_FRAMING = {"content-length", "transfer-encoding"}  # headers that say where a body ends


class LocalTransport:
    """Sends requests to one endpoint over connections that it keeps; thread-safe.

    `timeout` is that of each read, in seconds. As many connections are kept as calls were made at
    the same time, up to `most`.
    """

    def __init__(self, endpoint: str, connect_timeout: float, timeout: float, most: int) -> None:
        parts = urlsplit(endpoint)
        self._endpoint = endpoint
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._address = (parts.hostname or "", parts.port or 80)
        self._host = parts.netloc.rpartition("@")[2]
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._most = most
        self._idle: deque[socket.socket] = deque()
        finalize(self, _close_all, self._idle)
        inherited = ref(self._idle)  # a forked process must not use its parent's connections
        os.register_at_fork(after_in_child=lambda: _close_all(inherited() or deque()))

    def send(self, url: str, headers: Mapping[str, str | bytes], body: bytes) -> AWSResponse:
        """Post a request, and return its response.

        Raises:
            EndpointConnectionError, ConnectTimeoutError: nothing was sent.
            ReadTimeoutError, ConnectionClosedError: there is no response.

        """
        response = _Response()
        connection = self._connection()
        sent = False
        try:
            # An engine that refuses a long request answers and closes before it has read all of it.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(self._encoded(url, headers, body))
                sent = True
            while not response.complete:
                if data := connection.recv(_READ):
                    response.parser.feed_data(data)
                else:
                    response.end()
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, HttpParserError) as error:
            connection.close()
            raise ConnectionClosedError(endpoint_url=url, error=error) from error
        if sent and response.stays_open and len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()
        return AWSResponse(url, response.status, response.headers, response)

    def _connection(self) -> socket.socket:
        with suppress(IndexError):  # no connection is idle
            while True:
                connection = self._idle.pop()
                if not wait_for_read(connection, 0):
                    return connection
                connection.close()  # the engine has closed it
        try:
            connection = socket.create_connection(self._address, self._connect_timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._endpoint, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._endpoint, error=error) from error
        connection.settimeout(self._timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def _encoded(self, url: str, headers: Mapping[str, str | bytes], body: bytes) -> bytes:
        path = url.removeprefix(self._origin) or "/"
        head = [f"POST {path} HTTP/1.1", f"Host: {self._host}"]
        for name, value in headers.items():
            head.append(f"{name}: {value if isinstance(value, str) else value.decode()}")
        head.append("Accept-Encoding: identity\r\n\r\n")
        return "\r\n".join(head).encode() + body


class _Response:
    """What the parser has found; `stream` is how AWSResponse reads a body."""

    def __init__(self) -> None:
        self.headers: Any = {}  # AWSResponse makes it case-insensitive
        self.status = 0
        self.complete = self.stays_open = self._has_headers = False
        self.parser = HttpResponseParser(self)
        self._body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header."""
        self.headers[name.decode("latin-1")] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        """Note a part of the body."""
        self._body.append(part)

    def on_headers_complete(self) -> None:
        """Note that the body follows."""
        self._has_headers = True

    def on_message_complete(self) -> None:
        """Note what the parser forgets with the end of the response."""
        self.status = self.parser.get_status_code()
        self.stays_open = self.parser.should_keep_alive()
        self.complete = True
        del self.parser  # it refers to this object, which no garbage collection should have to find

    def end(self) -> None:
        """The connection has ended: a body ends with it if nothing else says where it ends.

        Raises:
            ConnectionResetError: the response is incomplete.

        """
        if not self._has_headers or _FRAMING & {name.lower() for name in self.headers}:
            raise ConnectionResetError("the engine closed the connection")
        self.on_message_complete()

    def stream(self) -> list[bytes]:
        """The parts of the body."""
        return self._body


def _close_all(connections: deque[socket.socket]) -> None:
    while connections:
        connections.pop().close()
