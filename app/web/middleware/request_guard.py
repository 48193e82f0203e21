"""A request reaches a route only if its host, origin and size are allowed.

Plain ASGI, so that live streams pass through unbuffered. It also sets each request's base path,
and adds the request id and the security headers to each response.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config.settings import Settings
from app.core.errors import StockpulseError
from app.web.auth.trusted_proxies import TrustedProxies
from app.web.errors import BodyTooLarge, CrossOrigin, HostNotAllowed
from app.web.imports.reading.file_errors import MOST_BYTES
from app.web.imports.upload import too_large
from app.web.middleware.cors import is_api_path

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_SECURITY_PAIRS = [(k.lower().encode(), value.encode()) for k, value in SECURITY_HEADERS.items()]

_SAFE = {"GET", "HEAD", "OPTIONS"}

_UPLOADS = {"/v1/imports", "/products/import"}  # paths to which files are sent
_UPLOAD_BYTES = MOST_BYTES + 64 * 1024  # a form has the file and some fields

# `name`, `name:80` or `[::1]:80`; hosts that parsers interpret differently do not match.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{0,5})?", re.ASCII | re.IGNORECASE)


class RequestGuard:
    """Middleware around the whole application; `refuse` renders an error as a response."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        proxies: TrustedProxies,
        refuse: Callable[[Request, StockpulseError], ASGIApp],
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._proxies = proxies
        allowed = ("localhost", settings.host, *settings.allowed_hosts)
        self._hosts = {host.lower() for host in allowed}
        self._limit = settings.max_body_bytes
        self._base = settings.base_path
        self._origins = frozenset(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        self._proxies.restore(scope)
        scope["root_path"] = self._base
        _keep_encoded_slashes(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                given = {name for name, _ in headers.raw}
                headers.raw.extend(pair for pair in _SECURITY_PAIRS if pair[0] not in given)
                # A shared cache must not serve one person's page to another.
                headers.setdefault("Cache-Control", "private, no-cache")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                headers["X-Request-Id"] = request_id
            await send(message)

        try:
            self._check(scope)
            bounded = await self._bounded(scope, receive)
        except StockpulseError as error:
            await self._refuse(Request(scope), error)(scope, receive, send_guarded)
        else:
            await self._app(scope, bounded, send_guarded)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        name = _host_name(host)
        if not name:
            raise HostNotAllowed("Send one Host header with a host name or an address.")
        if name not in self._hosts and not _is_address(name):
            raise HostNotAllowed(
                f"This server does not accept requests for {name!r}. To allow the name, add it to "
                "STOCKPULSE_ALLOWED_HOSTS."
            )
        if scope["method"] not in _SAFE and self._is_disallowed_origin(scope, headers, host):
            raise CrossOrigin(
                "The request comes from a page of another origin. To allow that page to call the "
                "API, add its origin to STOCKPULSE_CORS_ORIGINS."
            )
        if self._is_upload(scope):
            return  # its size is checked while it is received, by the route
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit:
            raise self._too_large()

    def _is_disallowed_origin(self, scope: Scope, headers: Headers, host: str) -> bool:
        """Whether the request comes from a page of another origin that may not call the API."""
        listed = headers.get("origin") in self._origins and is_api_path(scope["path"], self._base)
        return _is_foreign(headers, host) and not listed

    async def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Read a chunked body here, so that the size limit applies to it too.

        A Content-Length has been checked already, and the server does not read beyond it.
        """
        if self._is_upload(scope):
            return self._counted(receive)
        if Headers(scope=scope).get("transfer-encoding") is None:
            return receive
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return receive  # the body is incomplete: the route gets the disconnect too
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                raise self._too_large()
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_whole() -> Message:
            return whole.pop() if whole else await receive()

        return receive_whole

    def _is_upload(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(self._base)
        return scope["method"] == "POST" and path in _UPLOADS

    def _counted(self, receive: Receive) -> Receive:
        """Hand on a file piece by piece, never in memory as a whole.

        The error is raised inside the application, which shows people a page.
        """
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > _UPLOAD_BYTES:
                raise too_large()
            return message

        return receive_counted

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The limit for a request body is {self._limit} bytes.")


def request_id_of(scope: Scope) -> str:
    """The id of the request of this scope."""
    request_id: str = scope.get("state", {}).get("request_id", "")
    return request_id


def _keep_encoded_slashes(scope: Scope) -> None:
    """Route the API by the percent-encoded path: `%2F` in a product id is not a separator."""
    raw: bytes = scope.get("raw_path") or b""
    # The decoded path decides: with `/%761/` an id would otherwise be decoded twice.
    if scope["path"].removeprefix(scope.get("root_path", "")).startswith("/v1/"):
        scope["path"] = raw.partition(b"?")[0].decode("ascii", "replace")


def _host_name(host: str) -> str:
    """The Host header without its port; empty if it is malformed."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower() if match else ""


def _is_address(name: str) -> bool:
    """Whether a host is a literal address, which is safe: DNS cannot rebind it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether the browser's headers show that a page of another origin sent this request."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != host
    except ValueError:
        return True
