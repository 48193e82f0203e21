"""Every request has an id, which is in all its log lines, and one line in the access log.

The line contains the route's template, never the path, the query or a header: these may contain
private data. The line of a live stream is logged when it ends.
"""

import logging
import time
import uuid
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.logs import about

_log = logging.getLogger("app.access")


class AccessLog:
    """The outermost middleware: requests that others reject also have an id and a line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        started = time.monotonic()
        # The response to an unexpected error is sent outside of this middleware.
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with about(request_id=request_id):
            try:
                await self._app(scope, receive, send_and_note_status)
            finally:
                _log_request(scope, status, (time.monotonic() - started) * 1000)


def _log_request(scope: Scope, status: int, milliseconds: float) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": scope["method"],
        "route": route_of(scope),
        "status": status,
        "duration_ms": round(milliseconds, 1),
        "actor": scope["state"].get("actor", "-"),
    }
    _log.info(
        "%s %s %d in %.1f ms", fields["method"], fields["route"], status, milliseconds, extra=fields
    )


def route_of(scope: Scope) -> str:
    """The template of the matched route, such as `/v1/products/{product_id}`."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    # A mounted application adds its own path to `root_path`.
    path = scope["path"].removeprefix(scope.get("app_root_path", scope.get("root_path", "")))
    return "/static" if path.startswith("/static/") else "(none)"
