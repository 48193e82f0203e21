"""Pages of the configured origins may call the API, without cookies; other origins may not.

Starlette's CORS middleware does the work; here it is limited to `/v1`.
"""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
_RESPONSE_HEADERS = (
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
_PREFLIGHT_MAX_AGE = 600  # seconds


class APICors:
    """Middleware that adds CORS headers to responses of the API."""

    def __init__(self, app: ASGIApp, origins: Collection[str], base: str) -> None:
        self._app = app
        self._base = base
        self._cors = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(*_REQUEST_HEADERS, "Last-Event-ID"),
            expose_headers=_RESPONSE_HEADERS,
            max_age=_PREFLIGHT_MAX_AGE,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_api = scope["type"] == "http" and is_api_path(scope["path"], self._base)
        await (self._cors if is_api else self._app)(scope, receive, send)


def is_api_path(path: str, base: str) -> bool:
    """Whether a path belongs to the API."""
    return path.removeprefix(base).startswith("/v1/")
