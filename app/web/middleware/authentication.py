"""Every path requires credentials, also one that does not exist; only a few paths are public.

Plain ASGI, before routing and before the body is read. A browser without a session is redirected
to the sign-in page; a program gets 401.
"""

from collections.abc import Callable
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import StockpulseError
from app.web.auth.authenticator import Authenticator
from app.web.auth.identity import Identity
from app.web.errors import Unauthenticated

PUBLIC = ("/healthz", "/readyz", "/sign-in", "/sign-in/link", "/unsubscribe")


class Authentication:
    """Middleware that sets the request's identity, or rejects the request."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        refuse: Callable[[Request, StockpulseError], ASGIApp],
        wants_page: Callable[[Request], bool],
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._refuse = refuse
        self._wants_page = wants_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or is_public(path_of(scope)):
            await self._app(scope, receive, send)
            return
        try:
            identity = await self._authenticator.identify(scope)
            if identity is None:
                raise self._authenticator.unauthenticated("The request has no credentials.")
        except StockpulseError as error:
            await self._rejection(Request(scope), error)(scope, receive, send)
            return
        scope["state"]["identity"] = identity
        scope["state"]["actor"] = identity.actor
        await self._app(scope, receive, self._renewing(scope, send, identity))

    def _rejection(self, request: Request, error: StockpulseError) -> ASGIApp:
        if not isinstance(error, Unauthenticated) or not self._wants_page(request):
            return self._refuse(request, error)
        base, path = self._authenticator.base, path_of(request.scope)
        # A form cannot be sent again after the sign-in, which then leads to the first page.
        query = f"?{request.url.query}" if request.url.query else ""
        after = f"{base}{path}{query}" if request.method in {"GET", "HEAD"} else f"{base}/"
        return RedirectResponse(f"{base}/sign-in?next={quote(after, safe='/')}", status_code=303)

    def _renewing(self, scope: Scope, send: Send, identity: Identity) -> Send:
        """Renew the session cookie from time to time, so that use keeps the session alive."""
        if identity.by != "session" or (session := self._authenticator.session(scope)) is None:
            return send
        sessions = self._authenticator.sessions
        touched = sessions.renewed(session, self._authenticator.now())
        if touched is None:
            return send
        cookie = self._authenticator.session_cookie(scope).header(sessions.write(touched))

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers:  # a sign-out's cookie takes precedence
                    headers.append("Set-Cookie", cookie)
            await send(message)

        return send_with_cookie


def path_of(scope: Scope) -> str:
    """The path below the base path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def is_public(path: str) -> bool:
    """Whether a path (below the base path) requires no credentials."""
    return path in PUBLIC or path.startswith("/static/")
