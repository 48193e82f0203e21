"""A connection is bounded: a request's head in length, its arrival and its answer's in time.

uvicorn leaves all that open: a head without an end would fill the memory, and a client that
sends a byte a minute, or takes none of its answer, would hold its place for ever. It also takes
trailers for headers, and the body of a request that asks for an upgrade for the next request:
what a proxy lets through as one thing must not be another here.
"""

import asyncio
import uuid
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.guards import SECURITY_HEADERS


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn's own parser, with bounds; see `bounded`."""

    max_head = 32 * 1024  # bytes of request line and headers
    patience = 30.0  # seconds from a request's first byte to its last
    untaken = 60.0  # seconds for which a client may leave lying what it is sent

    _timer: asyncio.TimerHandle | None = None
    _untaken_timer: asyncio.TimerHandle | None = None
    _unparsed = 0  # bytes fed since a request, its head or a part of its body was complete
    _in_head = True
    _refused = False

    def connection_made(self, transport: Any) -> None:
        """Give the first request its time: a connection that says nothing is not kept."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        self._stop_untaken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to take what was written, but not for ever."""
        super().pause_writing()
        self._start_untaken()

    def resume_writing(self) -> None:
        """Go on: the client takes it; an end of the connection still waits for the rest."""
        if not self.transport.is_closing():
            self._stop_untaken()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Go on with the next request, or end the connection once the client has its answer."""
        super().on_response_complete()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._start_untaken()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, also where its client never took its last answer."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless a head or trailers grow past their bound."""
        if self._refused:
            return
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > self.max_head:
            self._too_long()

    def on_message_begin(self) -> None:
        """Begin a request's head, and its time."""
        super().on_message_begin()
        self._in_head = True
        self._start_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none, since proxies do not guard theirs as headers."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the request in if its head is within bounds."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.max_head:
            self._too_long()
        elif self.parser.should_upgrade() and _has_body(self.headers):
            # The parser passes such a body over, and takes the rest of it for a request.
            detail = "A request with a body is sent without Upgrade: this server keeps to HTTP/1.1."
            self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request", detail)
        else:
            super().on_headers_complete()
        self._in_head, self._unparsed = False, 0

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unparsed = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: what it takes from now on is ours."""
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
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            "request-timeout",
            f"The request did not arrive within {self.patience:.0f} s.",
        )

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP as every other error is answered."""
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
        """Answer, where that cannot be taken for another request's answer, and hang up."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        idle = self.cycle is None or self.cycle.response_complete
        in_body = not idle and not self._in_head and not self.cycle.response_started
        if in_body or (idle and self._unparsed):
            self.transport.write(_problem(status, code, detail))
        self.transport.close()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


_GUARDS = "".join(f"{name.lower()}: {value}\r\n" for name, value in SECURITY_HEADERS.items())


def bounded(max_head: int, patience: float) -> type[BoundedProtocol]:
    """The protocol with these bounds (uvicorn makes its instances itself)."""
    return type("Bounded", (BoundedProtocol,), {"max_head": max_head, "patience": patience})


def _problem(status: HTTPStatus, code: str, detail: str) -> bytes:
    request_id = uuid.uuid4().hex
    body = orjson.dumps(
        {
            "type": f"urn:stockpulse:problem:{code}",
            "title": status.phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": request_id,
        }
    )
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\n"
        f"{_GUARDS}"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
