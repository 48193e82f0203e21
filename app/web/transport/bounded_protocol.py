"""Every connection has limits: on its headers, its waiting requests, and its time.

uvicorn has no such limits (docs/adr/0012-what-the-wire-keeps.md). Endless headers or a flood of
pipelined requests would fill the memory; a client that sends a byte per minute, or reads none of
its responses, would keep its connection open for ever; idle connections would use up all files.
uvicorn also parses trailers as headers, and the body of a request with `Upgrade` as the next
request: what a proxy forwards as one request must not be two requests here.
"""

import asyncio
import struct
from collections.abc import Callable, Collection
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.middleware.rate_limits import account_of
from app.web.transport.connection_limits import ConnectionLimits
from app.web.transport.protocol_error import error_response

_RESET = struct.pack("ii", 1, 0)  # linger for 0 s
_PIECE = 1024  # most bytes parsed at a time
_END = b"\r\n\r\n"  # of headers, of trailers and of a chunked body


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn's own parser, with limits; `bounded` makes the classes to use.

    Pipelining: parsing stops at a request that waits for the response to an earlier one. The bytes
    after it are kept, and nothing more is read, until no request waits. So a connection holds at
    most two waiting requests, about 4 KB each, and the bytes of one read.
    """

    max_head: int  # bytes of request line and headers
    request_timeout: float  # seconds from a request's first byte to its last
    send_timeout = 60.0  # seconds that a client may leave a response unread
    limits: ConnectionLimits
    network_at: Callable[[str], str]  # the `network` of a client's address
    is_proxy_at: Callable[[str], bool]  # whether a trusted proxy has this address

    network = ""
    _is_proxy = False
    _served: Any = None  # the request that is being answered; `cycle` is the last one parsed

    _request_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _unfed = memoryview(b"")  # read from the connection, but not yet passed to the parser
    _unparsed = 0  # bytes parsed since the last complete request, headers or part of a body
    _in_head = True
    _refused = False
    _is_last = False  # no further request is accepted on this connection

    def connection_made(self, transport: Any) -> None:
        """Start the timeout of the first request: a connection that sends nothing is closed."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._start_request_timer()
        if self.client is not None:
            self.network = self.network_at(self.client[0])
            self._is_proxy = self.is_proxy_at(self.client[0])
        self.limits.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        self.limits.remove(self)
        self._stop_request_timer()
        self._stop_send_timer()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def account(self) -> str | None:
        """Whose connection it is; see `Connection`."""
        if self._is_proxy:
            return ""
        scope: Any = self.scope  # None before the first request
        is_known = scope is not None and "identity" in scope["state"]
        return account_of(scope) or "" if is_known else None

    def end(self) -> None:
        """Reset the connection: what its client has not read is dropped, also by the kernel."""
        if self._served is not None:
            self._served.disconnected = True  # `connection_lost` comes later, and marks `cycle`
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _RESET)
        self.transport.abort()

    def pause_writing(self) -> None:
        """Start the timeout for the client to read what was written."""
        super().pause_writing()
        self._start_send_timer()

    def resume_writing(self) -> None:
        """Stop the timeout; a connection that is closing keeps it for the rest of the response."""
        if not self.transport.is_closing():
            self._stop_send_timer()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Parse the next request, or limit the time for the client to read the last response."""
        super().on_response_complete()
        self.limits.used(self)
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._feed()
        elif self.transport.get_write_buffer_size():
            self._start_send_timer()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its client has not read the last response."""
        self.end()

    def data_received(self, data: bytes) -> None:
        """Parse what arrives, until a request has to wait."""
        self._unfed = memoryview(bytes(self._unfed) + data)
        self._feed()

    def _feed(self) -> None:
        """Parse in pieces until a request waits, or headers or trailers exceed their limit."""
        while self._unfed and not (self.pipeline or self._refused or self._is_last):
            piece = bytes(self._unfed[:_PIECE])
            if _END in piece:  # where a message ends: what follows is not parsed before its turn
                piece = piece[: piece.index(_END) + len(_END)]
            self._unfed = self._unfed[len(piece) :]
            self._unparsed += len(piece)
            super().data_received(piece)
            if self._unparsed > self.max_head:
                self._too_long()
        if self._refused or self._is_last:
            self._unfed = memoryview(b"")

    def on_message_begin(self) -> None:
        """Start a request and its timeout."""
        super().on_message_begin()
        self._in_head = True
        self._start_request_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Accept headers, not trailers: proxies do not filter trailers as they filter headers."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Accept the request if its headers are within the limit."""
        if self._refused:
            return  # it arrived in the same piece as the rejected request
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.max_head:
            self._too_long()
        elif self.parser.should_upgrade() and _has_body(self.headers):
            # The parser skips a part of such a body, and parses the rest as a request.
            detail = (
                "Send a request with a body without the Upgrade header: this server only supports "
                "HTTP/1.1."
            )
            self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request", detail)
        else:
            super().on_headers_complete()
            if self.parser.should_upgrade():
                # The parser drops an unknown number of the bytes after such headers.
                self._is_last, self.cycle.keep_alive = True, False
        self._in_head, self._unparsed = False, 0

    def on_body(self, body: bytes) -> None:
        """Accept a part of the body."""
        self._unparsed = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the timeout: the request has arrived."""
        self._stop_request_timer()
        self._in_head, self._unparsed = True, 0
        if not self._refused:
            super().on_message_complete()

    def _too_long(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers-too-large",
            f"The limit for the request line and headers is {self.max_head} bytes.",
        )

    def _too_slow(self) -> None:
        if self.pipeline:  # the server has paused reading, so the client is not late
            self._start_request_timer()
            return
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            "request-timeout",
            f"The request did not arrive within {self.request_timeout:.0f} s.",
        )

    def send_400_response(self, msg: str) -> None:
        """Report malformed HTTP as a problem document, like every other error."""
        self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request", msg)

    def _start_request_timer(self) -> None:
        self._stop_request_timer()
        self._request_timer = self.loop.call_later(self.request_timeout, self._too_slow)

    def _stop_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _start_send_timer(self) -> None:
        self._stop_send_timer()
        self._send_timer = self.loop.call_later(self.send_timeout, self.end)

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Send an error, unless the client could mistake it for another response; then close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        idle = self.cycle is None or self.cycle.response_complete
        in_body = not idle and not self._in_head and not self.cycle.response_started
        if in_body or (idle and self._unparsed):
            self.transport.write(error_response(status, code, detail))
        self.transport.close()


class _Flow(FlowControl):
    """Keeps reading paused while requests wait; uvicorn's own resumes it at every `receive`."""

    def __init__(self, transport: Any, waiting: Collection[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Resume reading, unless requests wait."""
        if not self._waiting:
            super().resume_reading()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )
