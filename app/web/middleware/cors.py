"""Pages of the named origins may call the API from a browser, without cookies; nothing else may.

Starlette's own CORS middleware answers; here it is kept to `/v1`.
"""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
_READ = (
    "Accept-Patch",
    "Allow",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)
_PREFLIGHT_KEPT = 600  # seconds


class APICors:
    """Middleware around the routes."""

    def __init__(self, app: ASGIApp, origins: Collection[str], base: str) -> None:
        self._app = app
        self._base = base
        self._cors = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(*_SENT, "Last-Event-ID"),
            expose_headers=_READ,
            max_age=_PREFLIGHT_KEPT,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_api = scope["type"] == "http" and is_api_path(scope["path"], self._base)
        await (self._cors if is_api else self._app)(scope, receive, send)


def is_api_path(path: str, base: str) -> bool:
    """Whether a path is the API's."""
    return path.removeprefix(base).startswith("/v1/")
