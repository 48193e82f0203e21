"""With a real table: when a server starts without keys, and sessions across web processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap.auth import OpenAccessRefused, open_authenticator
from app.core.roles import Role
from app.store.access.api_keys import ApiKeys
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from tests.support.processes.running import settings_for

KEYS = {"k1": b"1" * 32}
OTHERS = {"host": "0.0.0.0"}
PROXIED = {"proxy_addresses": "127.0.0.1"}
PEOPLE = PROXIED | {"proxy_user_header": "X-User", "proxy_roles": "*=viewer"}


@contextmanager
def keys_of(endpoint: str, folder: Path) -> Iterator[tuple[ApiKeys, Any, str]]:
    """API keys in a table of the test's own."""
    clients = connect(endpoint)
    prefix = settings_for(endpoint, folder).table_prefix
    names = table_names(prefix, None)
    only = names.settings, ["Kind", "ID"]
    tables._create(clients.tables, *only, streamed=False)  # noqa: SLF001 - the only one needed
    try:
        keys = ApiKeys(clients.tables, names.settings, KEYS)
        yield keys, clients.tables, names.settings
    finally:
        clients.tables.close()
        clients.streams.close()


def test_server_starts_only_if_access_is_protected_or_local(endpoint: str, tmp_path: Path) -> None:
    with keys_of(endpoint, tmp_path) as (keys, client, table):
        messages: list[str] = []

        def starts(**given: Any) -> bool:
            """Whether it starts."""
            try:
                with open_authenticator(
                    settings_for(endpoint, tmp_path, **given), client, table, KEYS
                ):
                    return True
            except OpenAccessRefused as error:
                messages.append(str(error))
                return False

        assert starts()
        assert not starts(**OTHERS)
        assert not starts(**PROXIED), "a proxy makes loopback reachable from outside"
        assert starts(**PEOPLE), "the proxy names people"
        assert starts(**OTHERS, open_access=True)

        keys.create("ada", Role.ADMIN, None, "test")
        assert starts(**OTHERS)
        assert starts(**PROXIED)
        keys.revoke("ada", "test")
        assert not starts(**OTHERS), "nobody could sign in"
        assert starts(), "on loopback a new key can be created"
        assert len(messages) == 3
        assert all("stockpulse key create NAME --role admin" in message for message in messages)


async def requires_credentials(authenticator: Any) -> bool:
    """Whether a request needs credentials."""
    needed: bool = authenticator.requires_credentials(await authenticator.known())
    return needed


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_open_access_ends_with_the_first_key(endpoint: str, tmp_path: Path) -> None:
    with keys_of(endpoint, tmp_path) as (keys, client, table):
        settings = settings_for(endpoint, tmp_path, **OTHERS, open_access=True)
        with open_authenticator(settings, client, table, KEYS) as authenticator:
            assert not await requires_credentials(authenticator)
            keys.create("ada", Role.VIEWER, None, "test")
            authenticator.key_cache.forget()
            assert await requires_credentials(authenticator)
            keys.revoke("ada", "test")
            authenticator.key_cache.forget()
            assert await requires_credentials(authenticator), (
                "revoking the last key does not open it again"
            )


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_session_is_valid_in_every_web_process(endpoint: str, tmp_path: Path) -> None:
    with keys_of(endpoint, tmp_path) as (keys, client, table):
        settings = settings_for(endpoint, tmp_path, session_key="k" * 32)
        with (
            open_authenticator(settings, client, table, KEYS) as one,
            open_authenticator(settings, client, table, KEYS) as other,
        ):
            key, _ = keys.create("ada", Role.VIEWER, None, "test")
            one.key_cache.forget()
            other.key_cache.forget()
            session = one.sessions.begin(key, one.now())
            cookie = one.session_cookie({}).header(one.sessions.write(session)).partition(";")[0]
            scope = {"state": {}, "headers": [(b"cookie", cookie.encode())], "type": "http"}
            found = await other.identify(scope)
            assert found is not None
            assert (found.actor, found.by) == ("ada", "session")
            one.sign_in.end_session(session.id, one.sessions.expires_at(session))
            other.key_cache.forget()
            assert await other.identify(scope) is None
