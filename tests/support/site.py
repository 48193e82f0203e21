"""The application with a given authenticator and no store, called from any client address."""

from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI, Request

from app.config.settings import Settings
from app.core.roles import Role
from app.store.access.api_key_secret import Secret, new_secret
from app.store.access.key_row import ApiKey
from app.store.dynamodb.paging import Page
from app.web.auth.authenticator import Authenticator
from tests.support.access import about, access_by, an_authenticator
from tests.support.open_site import NOT_FILLED, send
from tests.support.processes.routed import routed

PROXY, STRANGER = "10.0.0.7", "10.0.9.9"
START = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def a_key(role: Role = Role.EDITOR, **more: Any) -> tuple[ApiKey, Secret]:
    secret = new_secret()
    return ApiKey(secret.key_id, str(role), role, secret.hash, START, **more), secret


def _services(authenticator: Authenticator, **settings: Any) -> Any:
    return SimpleNamespace(
        settings=Settings(_env_file=None, base_path=authenticator.base, **settings),
        about=about(cli_line=""),
        store=SimpleNamespace(
            products=SimpleNamespace(page=lambda *_: Page([], None), carry_no_stock=lambda: False),
            views=SimpleNamespace(all=lambda _: []),
        ),
        broker=SimpleNamespace(head="0000000000001-00000000-000"),
        demo=SimpleNamespace(is_running=lambda: False, is_possible=True),
        access=access_by(authenticator),
        read_model=SimpleNamespace(state=NOT_FILLED),
    )


@cache
def _with_who() -> FastAPI:
    """An application with one more route."""
    app = routed(_services(an_authenticator()))

    @app.get("/who")
    async def who(request: Request) -> dict[str, Any]:
        identity = request.state.identity
        return {
            "actor": identity.actor,
            "role": identity.role,
            "by": identity.by,
            "client": request.client and request.client.host,
            "scheme": request.url.scheme,
            "host": request.headers["host"],
        }

    return app


class Site:
    """The application with an authenticator; `GET /who` returns the identity of the caller."""

    def __init__(self, authenticator: Authenticator, **settings: Any) -> None:
        self.authenticator = authenticator
        self.app = routed(_services(authenticator, **settings), _with_who())

    def ask(
        self, method: str = "GET", path: str = "/who", peer: str = STRANGER, **request: Any
    ) -> httpx.Response:
        return send(self.app, method, path, {"client": (peer, 1)}, **request)

    def sign_in(self, secret: Secret, **request: Any) -> str:
        """Sign in; returns the `Set-Cookie` header."""
        answer = self.ask("POST", "/sign-in", data={"key": secret.text}, **request)
        assert answer.status_code == 303
        return answer.headers["Set-Cookie"]


def cookie_of(set_cookie: str) -> dict[str, str]:
    return {"Cookie": set_cookie.partition(";")[0]}
