"""HEAD is handled as GET, without the body (RFC 9110), so routes do not need to support it.

The body is created and dropped, so that the headers are the same. A live stream ends after its
headers.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Middleware that turns HEAD into GET."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        responded = False

        async def receive_until_response() -> Message:
            return {"type": "http.disconnect"} if responded else await receive()

        async def send_headers_only(message: Message) -> None:
            nonlocal responded
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                responded = True

        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive_until_response, send_headers_only)
        finally:
            scope["route"] = as_get.get("route")  # for the access log
