"""Closed by default: all but the few public paths are asked for credentials, known or not.

Plain ASGI, before any route is looked for and any body is read. A person without a session
is led to the sign-in page; a program gets 401.
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

PUBLIC = ("/healthz", "/readyz", "/sign-in", "/sign-in/link")


class Authentication:
    """Middleware that leaves an identity with the request, or refuses it."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        refuse: Callable[[Request, StockpulseError], ASGIApp],
        wants_page: Callable[[Request], bool],
    ) -> None:
        self._app = app
        self._door = authenticator
        self._refuse = refuse
        self._wants_page = wants_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or is_public(path_of(scope)):
            await self._app(scope, receive, send)
            return
        try:
            identity = await self._door.identify(scope)
            if identity is None:
                raise self._door.unauthenticated("There are none.")
        except StockpulseError as error:
            await self._answer(Request(scope), error)(scope, receive, send)
            return
        scope["state"]["identity"] = identity
        scope["state"]["actor"] = identity.actor
        await self._app(scope, receive, self._touching(scope, send, identity))

    def _answer(self, request: Request, error: StockpulseError) -> ASGIApp:
        if not isinstance(error, Unauthenticated) or not self._wants_page(request):
            return self._refuse(request, error)
        base, path = self._door.base, path_of(request.scope)
        # What was sent cannot be sent again after the sign-in: that leads to the first page.
        query = f"?{request.url.query}" if request.url.query else ""
        after = f"{base}{path}{query}" if request.method in {"GET", "HEAD"} else f"{base}/"
        return RedirectResponse(f"{base}/sign-in?next={quote(after, safe='/')}", status_code=303)

    def _touching(self, scope: Scope, send: Send, identity: Identity) -> Send:
        """Write a session's cookie anew now and then, so that use keeps it alive."""
        if identity.by != "session" or (session := self._door.session(scope)) is None:
            return send
        sessions = self._door.sessions
        touched = sessions.renewed(session, self._door.now())
        if touched is None:
            return send
        cookie = self._door.session_cookie(scope).header(sessions.write(touched))

        async def send_touched(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers:  # a sign-out's goes before
                    headers.append("Set-Cookie", cookie)
            await send(message)

        return send_touched


def path_of(scope: Scope) -> str:
    """The path below the base path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def is_public(path: str) -> bool:
    """Whether a path of ours is open to everyone."""
    return path in PUBLIC or path.startswith("/static/")
