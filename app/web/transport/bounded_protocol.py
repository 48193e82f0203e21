"""Every connection is bounded: its heads, its waiting requests, and the time it may take.

uvicorn leaves these open (docs/adr/0012-what-the-wire-keeps.md). A head without an end and a
flood of pipelined requests would fill the memory; a client that sends a byte a minute, or reads
none of its responses, would keep its connection for ever. uvicorn also reads trailers as headers,
and the body of a request with `Upgrade` as the next request: what a proxy forwards as one request
must not be two here.
"""

import asyncio
import uuid
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.middleware.request_guard import SECURITY_HEADERS
from app.web.problems import problem

# Bytes parsed at a time: 57 of the shortest requests, at about 4 KB of memory each.
_PIECE = 1024


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn's own parser, with bounds; see `bounded`.

    Pipelining: parsing stops at a request that waits for the response to one before it. What else
    has arrived stays as bytes, and nothing more is read, until no request waits. So a connection
    holds the requests of one piece and one read (256 KB) at most.
    """

    max_head = 32 * 1024  # bytes of request line and headers
    patience = 30.0  # seconds from a request's first byte to its last
    untaken = 60.0  # seconds that a client may leave what it is sent unread

    _timer: asyncio.TimerHandle | None = None
    _untaken_timer: asyncio.TimerHandle | None = None
    _unfed = memoryview(b"")  # read from the connection, but not yet given to the parser
    _unparsed = 0  # bytes fed since a request, its head or a part of its body was complete
    _in_head = True
    _refused = False
    _is_last = False  # no request follows the one that was parsed last

    def connection_made(self, transport: Any) -> None:
        """Start the first request's time: a connection that sends nothing is ended."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        self._stop_untaken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to read what was written, for a limited time."""
        super().pause_writing()
        self._start_untaken()

    def resume_writing(self) -> None:
        """Go on: the client reads. A closing connection still waits for it to read the rest."""
        if not self.transport.is_closing():
            self._stop_untaken()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Go on with the next request, or end the connection once the client has its response."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._feed()
        elif self.transport.get_write_buffer_size():
            self._start_untaken()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, even if its client never read the last response."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what arrives, as far as no request has to wait."""
        self._unfed = memoryview(bytes(self._unfed) + data)
        self._feed()

    def _feed(self) -> None:
        """Parse in pieces until a request waits, or a head or trailers grow past their bound."""
        while self._unfed and not (self.pipeline or self._refused or self._is_last):
            piece, self._unfed = self._unfed[:_PIECE], self._unfed[_PIECE:]
            self._unparsed += len(piece)
            super().data_received(piece)  # type: ignore[arg-type]  # httptools takes a view
            if self._unparsed > self.max_head:
                self._too_long()
        if self._refused or self._is_last:
            self._unfed = memoryview(b"")

    def on_message_begin(self) -> None:
        """Begin a request's head, and its time."""
        super().on_message_begin()
        self._in_head = True
        self._start_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but no trailer: proxies do not filter trailers as they filter headers."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the request in if its head is within bounds."""
        if self._refused:
            return  # it came in the same piece as what was refused
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.max_head:
            self._too_long()
        elif self.parser.should_upgrade() and _has_body(self.headers):
            # The parser passes such a body over, and takes the rest of it for a request.
            detail = "A request with a body is sent without Upgrade: this server keeps to HTTP/1.1."
            self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request", detail)
        else:
            super().on_headers_complete()
            if self.parser.should_upgrade():
                # The parser drops an unknown number of the bytes that follow such a head.
                self._is_last, self.cycle.keep_alive = True, False
        self._in_head, self._unparsed = False, 0

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unparsed = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: the time from now on is the server's."""
        self._stop_timer()
        self._in_head, self._unparsed = True, 0
        if not self._refused:
            super().on_message_complete()

    def _too_long(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers-too-large",
            f"Request line and headers may hold {self.max_head} bytes.",
        )

    def _too_slow(self) -> None:
        if self.pipeline:  # the server is not reading: the client is not to blame
            self._start_timer()
            return
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            "request-timeout",
            f"The request did not arrive within {self.patience:.0f} s.",
        )

    def send_400_response(self, msg: str) -> None:
        """Report what is not HTTP in the form of every other error."""
        self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request", msg)

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.patience, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_untaken(self) -> None:
        self._stop_untaken()
        self._untaken_timer = self.loop.call_later(self.untaken, self.transport.abort)

    def _stop_untaken(self) -> None:
        if self._untaken_timer is not None:
            self._untaken_timer.cancel()
            self._untaken_timer = None

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Respond, unless the client could take it for another request's response; hang up."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        idle = self.cycle is None or self.cycle.response_complete
        in_body = not idle and not self._in_head and not self.cycle.response_started
        if in_body or (idle and self._unparsed):
            self.transport.write(_refusal(status, code, detail))
        self.transport.close()


class _Flow(FlowControl):
    """Reading stays paused while requests wait; uvicorn's own resumes at every `receive`."""

    def __init__(self, transport: Any, waiting: Collection[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless requests wait."""
        if not self._waiting:
            super().resume_reading()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def bounded(max_head: int, patience: float) -> type[BoundedProtocol]:
    """The protocol with these bounds (uvicorn makes its instances itself)."""
    return type("Bounded", (BoundedProtocol,), {"max_head": max_head, "patience": patience})


def _refusal(status: HTTPStatus, code: str, detail: str) -> bytes:
    request_id = uuid.uuid4().hex
    headers = {"X-Request-Id": request_id, **SECURITY_HEADERS, "Connection": "close"}
    response = problem(request_id, status, code, status.phrase, detail, headers=headers)
    lines = [
        b"HTTP/1.1 %d %b" % (status, status.phrase.encode()),
        *(b"%b: %b" % pair for pair in response.raw_headers),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)
