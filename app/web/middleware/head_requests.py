"""HEAD is answered as GET is, without the body (RFC 9110): a route need not know of it.

The body is made and dropped, so that the headers are the same. A live stream ends with its
head.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def receive_until_answered() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        async def send_head(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered = True

        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive_until_answered, send_head)
        finally:
            scope["route"] = as_get.get("route")  # the access line names it
