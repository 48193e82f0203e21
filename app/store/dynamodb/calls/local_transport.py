"""A local engine gets its requests unsigned and over plain sockets: half the CPU time of a call.

An engine that accepts placeholder credentials verifies no signature, and at an `http://` endpoint
there is no TLS. So botocore's signature and HTTP client do much there that is not needed. Its own
hooks replace both (`choose-signer`, `before-sign`, `before-send`); parameters, retries, errors and
parsing stay botocore's. Calls with real credentials or through a proxy never come here, so none to
AWS do. If botocore drops `before-send`, it sends the requests itself.
"""

import os
import socket
from collections import deque
from collections.abc import Iterable
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
from botocore.handlers import disable_signing
from botocore.utils import get_environ_proxies
from httptools import HttpParserError, HttpResponseParser
from urllib3.util import wait_for_read

_READ = 64 * 1024  # most bytes read at a time

_FRAMING = {"content-length", "transfer-encoding"}  # headers that say where a body ends

# Local engines read the access key and the region, and that there is a date.
_DATE = "20260101T000000Z"
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=none"
)


def use_local_transport(clients: Iterable[Any], endpoint: str, key: str) -> None:
    """Let these clients call the engine at `endpoint` directly, with `key` as the access key.

    Nothing changes for an endpoint with TLS, or behind a proxy.
    """
    for client in clients:
        config = client.meta.config
        proxies = get_environ_proxies(endpoint) if config.proxies is None else config.proxies
        if not endpoint.startswith("http://") or proxies.get("http"):
            continue
        transport = LocalTransport(
            endpoint, config.connect_timeout, config.read_timeout, config.max_pool_connections
        )
        authorization = _AUTHORIZATION.format(key=key, region=client.meta.region_name)
        client.meta.events.register("choose-signer", disable_signing)
        client.meta.events.register("before-sign", _Placeholder(authorization))
        client.meta.events.register("before-send", transport.send)


class _Placeholder:
    """Adds what an engine requires of an `Authorization` header."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    def __call__(self, request: Any, **_: Any) -> None:
        request.headers["X-Amz-Date"] = _DATE
        request.headers["Authorization"] = self._authorization


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

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """Send a request of botocore's, and return its response.

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
                connection.sendall(self._encoded(request))
                sent = True
            while not response.complete:
                if data := connection.recv(_READ):
                    response.parser.feed_data(data)
                else:
                    response.end()
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (OSError, HttpParserError) as error:
            connection.close()
            raise ConnectionClosedError(
                endpoint_url=request.url, error=error, request=request
            ) from error
        if sent and response.stays_open and len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()
        return AWSResponse(request.url, response.status, response.headers, response)

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

    def _encoded(self, request: Any) -> bytes:
        path = request.url.removeprefix(self._origin) or "/"
        head = [f"{request.method} {path} HTTP/1.1", f"Host: {self._host}"]
        for name, value in request.headers.items():
            head.append(f"{name}: {value if isinstance(value, str) else value.decode()}")
        head.append("Accept-Encoding: identity\r\n\r\n")
        body: bytes = request.body
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
