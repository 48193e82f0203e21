"""Answers over a kilobyte are compressed with gzip, but never the event stream.

An ETag that is strong names one sequence of bytes (RFC 9110, 8.8.3), so a compressed answer bears
its weak form; every comparison of ours takes either. Smaller answers, most products among them,
fit a packet and keep their strong one.

Compression next to text that others choose can give a secret away by its length (BREACH). The only
secret that pages repeat is the form token, and it differs on each page (`app.web.auth.sessions`).
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware, GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MINIMUM_BYTES = 1024
_LEVEL = 5  # higher ones take twice the time for a hundredth less

_ZERO = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)


class Compression(GZipMiddleware):
    """Middleware around the routes: Starlette's, which leaves `text/event-stream` as it is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
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
    """Whether the header allows gzip; an absent one, given as empty, does not."""
    allowed = {}
    for element in accept_encoding.split(","):
        coding, _, weight = element.partition(";")
        allowed[coding.strip().lower()] = _ZERO.fullmatch(weight) is None
    return allowed.get("gzip", allowed.get("*", False))


class _Responder(GZipResponder):
    """One answer to a client that takes gzip; `known` is its If-None-Match."""

    def __init__(self, app: ASGIApp, known: str) -> None:
        super().__init__(app, MINIMUM_BYTES, _LEVEL)
        self._known = known

    async def send_with_compression(self, message: Message) -> None:
        """Send it; a 304 bears the form of the ETag that the client has."""
        if message["type"] == "http.response.start" and message["status"] == 304:
            headers = MutableHeaders(scope=message)
            if f"W/{headers.get('etag')}" in self._known:
                _weaken(headers)
        await super().send_with_compression(message)

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """Compress a piece of the body; before the first the answer's head is not sent yet."""
        _weaken(MutableHeaders(raw=self.initial_message["headers"]))
        return await super().apply_compression(body, more_body=more_body)


def _weaken(headers: MutableHeaders) -> None:
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        headers["ETag"] = f"W/{etag}"
