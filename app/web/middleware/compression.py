"""Responses over a kilobyte are compressed with gzip, except for the event stream.

A strong ETag identifies one sequence of bytes (RFC 9110, 8.8.3), so a compressed response has the
weak form of the ETag; our own comparisons accept either. Smaller responses, such as most products,
fit into a packet and keep the strong form.

Compressing a secret together with text from an attacker can reveal it by the length (BREACH). The
only secret in pages is the form token, which differs on each page (`app.web.auth.sessions`).
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware, GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MINIMUM_BYTES = 1024
_LEVEL = 5  # higher levels take twice the time to save another 1 %

_ZERO = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)


class Compression(GZipMiddleware):
    """Starlette's middleware, which does not compress `text/event-stream`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if accepts_gzip(",".join(headers.getlist("accept-encoding"))):
            known = ",".join(headers.getlist("if-none-match"))
            await _Responder(self.app, known)(scope, receive, send)
        else:
            await IdentityResponder(self.app, MINIMUM_BYTES)(scope, receive, send)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header allows gzip; a missing (empty) one does not."""
    allowed = {}
    for element in accept_encoding.split(","):
        coding, _, weight = element.partition(";")
        allowed[coding.strip().lower()] = _ZERO.fullmatch(weight) is None
    return allowed.get("gzip", allowed.get("*", False))


class _Responder(GZipResponder):
    """One response to a client that accepts gzip; `known` is its If-None-Match."""

    def __init__(self, app: ASGIApp, known: str) -> None:
        super().__init__(app, MINIMUM_BYTES, _LEVEL)
        self._known = known

    async def send_with_compression(self, message: Message) -> None:
        """Send a message; a 304 has the form of the ETag that the client sent."""
        if message["type"] == "http.response.start" and message["status"] == 304:
            headers = MutableHeaders(scope=message)
            if f"W/{headers.get('etag')}" in self._known:
                _weaken(headers)
        await super().send_with_compression(message)

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """Compress a piece of the body; the headers are sent with the first piece."""
        _weaken(MutableHeaders(raw=self.initial_message["headers"]))
        return await super().apply_compression(body, more_body=more_body)


def _weaken(headers: MutableHeaders) -> None:
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        headers["ETag"] = f"W/{etag}"
