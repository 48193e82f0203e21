"""Every request has an id, bound to all that is logged while it is served, and one access line.

The line names the route's template and never the path, the query or a header: they may
hold what is private. A live stream's line comes when it ends.
"""

import logging
import time
import uuid
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.logs import about

_log = logging.getLogger("app.access")


class AccessLog:
    """Middleware outside the guards: what they refuse has an id and a line, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        started = time.monotonic()
        # What fails unexpectedly is answered outside of here.
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with about(request_id=request_id):
            try:
                await self._app(scope, receive, send_noted)
            finally:
                _tell(scope, status, (time.monotonic() - started) * 1000)


def _tell(scope: Scope, status: int, milliseconds: float) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    told = {
        "method": scope["method"],
        "route": route_of(scope),
        "status": status,
        "duration_ms": round(milliseconds, 1),
        "actor": scope["state"].get("actor", "-"),
    }
    _log.info(
        "%s %s %d in %.1f ms", told["method"], told["route"], status, milliseconds, extra=told
    )


def route_of(scope: Scope) -> str:
    """The template that the path matched, such as `/v1/products/{product_id}`."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    # A mounted application adds its own path to `root_path`.
    path = scope["path"].removeprefix(scope.get("app_root_path", scope.get("root_path", "")))
    return "/static" if path.startswith("/static/") else "(none)"
