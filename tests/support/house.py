"""An application with keys of every kind, and what a browser sees of it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from app.core.roles import Role
from app.store.access.api_keys import ApiKey, ApiKeys
from app.store.access.sign_in_links import SignInLinks
from tests.support.processes.running import App, serving, settings_for

HTML = {"Accept": "text/html"}


@dataclass
class House:
    """The application with keys, as everyone with a credential meets it."""

    app: App
    keys: ApiKeys
    sign_in: SignInLinks
    made: dict[str, ApiKey] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def key(self, name: str, role: Role, expires_at: datetime | None = None) -> str:
        """A new key's secret."""
        key, secret = self.keys.create(name, role, expires_at, "test")
        self.made[name] = key
        self.headers[name] = {"Authorization": f"Bearer {secret.text}"}
        self.secrets[name] = secret.text
        return secret.text

    @contextmanager
    def browser(self, secret: str = "") -> Iterator[httpx.Client]:
        """A browser, signed in with a secret if it is given one."""
        with httpx.Client(base_url=self.app.url, timeout=30, headers=HTML) as client:
            if secret:
                answer = client.post("/sign-in", data={"key": secret})
                assert answer.status_code == 303, answer.text
            yield client

    def look(self) -> None:
        """Let the application see now what it would see within a second."""
        self.app.services.access.authenticator.key_cache.forget()


@contextmanager
def furnished(endpoint: str, folder: Path, **settings: Any) -> Iterator[House]:
    """The application with a key of each role, one expired and one revoked."""
    given = settings_for(endpoint, folder, **settings)
    with serving(given) as app:
        table = f"{given.table_prefix}Settings"
        house = House(app, ApiKeys(app.tables, table), SignInLinks(app.tables, table))
        for role in Role:
            house.key(role, role)
        house.key("expired", Role.ADMIN, datetime.now(UTC) - timedelta(seconds=1))
        house.key("revoked", Role.ADMIN)
        house.keys.revoke("revoked", "test")
        unknown = f"sp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"
        house.headers["unknown"] = {"Authorization": f"Bearer {unknown}"}
        house.headers["wrong scheme"] = {"Authorization": f"Basic {house.secrets['revoked']}"}
        house.look()
        yield house


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.found.append((given.get("action", ""), {"": given.get("method", "get")}))
        elif tag == "input" and self.found:
            self.found[-1][1][given.get("name", "")] = given.get("value", "")


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Where each form of the page is posted to, and what it holds."""
    parser = _Forms()
    parser.feed(page)
    return [
        (action, {name: value for name, value in fields.items() if name})
        for action, fields in parser.found
        if fields[""] == "post"
    ]


def token_of(page: str) -> str:
    return next(fields["csrf_token"] for _, fields in forms(page) if "csrf_token" in fields)
