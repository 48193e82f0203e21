"""An application with API keys of every kind, and the forms of its pages."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from app.config.signing import audit_keys
from app.core.roles import Role
from app.store.access.api_keys import ApiKeys
from app.store.access.key_row import ApiKey
from app.store.access.sign_in_links import SignInLinks
from tests.support.http.plain import Client
from tests.support.processes.running import App, serving, settings_for

HTML = {"Accept": "text/html"}


@dataclass
class House:
    """An application with API keys; `headers` and `secrets` are by key name."""

    app: App
    keys: ApiKeys
    sign_in: SignInLinks
    made: dict[str, ApiKey] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def key(self, name: str, role: Role, expires_at: datetime | None = None) -> str:
        """Create a key; returns its secret."""
        key, secret = self.keys.create(name, role, expires_at, "test")
        self.made[name] = key
        self.headers[name] = {"Authorization": f"Bearer {secret.text}"}
        self.secrets[name] = secret.text
        return secret.text

    @contextmanager
    def browser(self, secret: str = "") -> Iterator[httpx.Client]:
        """A client that behaves as a browser, signed in if a secret is given."""
        with Client(base_url=self.app.url, timeout=30, headers=HTML) as client:
            if secret:
                answer = client.post("/sign-in", data={"key": secret})
                assert answer.status_code == 303, answer.text
            yield client

    def refresh_keys(self) -> None:
        """Make the application reload its keys now instead of within a second."""
        key_cache = self.app.services.access.authenticator.key_cache
        key_cache.forget()
        key_cache.current()


@contextmanager
def furnished(
    endpoint: str, folder: Path, connections: int = 1000, **settings: Any
) -> Iterator[House]:
    """An application with a key for each role, an expired key and a revoked one."""
    given = settings_for(endpoint, folder, **settings)
    with serving(given, connections) as app:
        table = f"{given.table_prefix}Settings"
        store = (app.tables, table, audit_keys(given))
        house = House(app, ApiKeys(*store), SignInLinks(*store))
        for role in Role:
            house.key(role, role)
        house.key("expired", Role.ADMIN, datetime.now(UTC) - timedelta(seconds=1))
        house.key("revoked", Role.ADMIN)
        house.keys.revoke("revoked", "test")
        unknown = f"sp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"
        house.headers["unknown"] = {"Authorization": f"Bearer {unknown}"}
        house.headers["wrong scheme"] = {"Authorization": f"Basic {house.secrets['revoked']}"}
        house.refresh_keys()
        yield house


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.found.append((given.get("action", ""), {"": given.get("method", "get")}))
        elif tag == "input" and self.found and given.get("name"):
            self.found[-1][1][given["name"]] = given.get("value", "")
        elif tag == "button" and "formaction" in given and self.found:
            self.found.append((given["formaction"], self.found[-1][1]))


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """(Action, fields) of each form that the page posts; a button may have another action."""
    parser = _Forms()
    parser.feed(page)
    return [
        (action, {name: value for name, value in fields.items() if name})
        for action, fields in parser.found
        if fields[""] == "post"
    ]


def token_of(page: str) -> str:
    return next(fields["csrf_token"] for _, fields in forms(page) if "csrf_token" in fields)
