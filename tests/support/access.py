"""Authenticators without a store: one that is open to all, and one with given keys."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.store.access.api_keys import StoredKeys
from app.store.access.key_cache import KeyCache
from app.store.access.key_row import ApiKey
from app.web.auth.authenticator import Authenticator
from app.web.auth.sessions import Sessions
from app.web.auth.stream_revocation import StreamRevocation
from app.web.auth.trusted_proxies import TrustedProxies
from app.web.services import About


def an_authenticator(
    keys: Iterable[ApiKey] = (),
    *,
    proxies: TrustedProxies | None = None,
    base: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
) -> Authenticator:
    """An authenticator with these API keys; without any, everyone gets in."""
    ended: set[str] = set()
    kept: Any = SimpleNamespace(read=lambda: StoredKeys(list(keys)), used=lambda *_: None)
    sign_in: Any = SimpleNamespace(
        ended_sessions=lambda: frozenset(ended),
        end_session=lambda session, _until: ended.add(session),
    )
    key_cache = KeyCache(kept, sign_in, monotonic)
    sessions = Sessions("k" * 32, timedelta(minutes=30), timedelta(hours=12))
    return Authenticator(key_cache, sign_in, sessions, proxies or TrustedProxies(), base, now)


def access_by(authenticator: Authenticator) -> Any:
    """The `access` part of `Services` around an authenticator."""
    return SimpleNamespace(
        authenticator=authenticator,
        stream_revocation=StreamRevocation(authenticator.known, authenticator.now),
    )


def open_to_all(base: str = "") -> Any:
    """The `access` part of `Services` where everyone gets in."""
    return access_by(an_authenticator(base=base))


def about(**given: str) -> About:
    """The facts about a made-up deployment that pages show."""
    shown = {
        "version": "1",
        "products_table": "Products",
        "view_type": "NEW_AND_OLD_IMAGES",
        "cli_line": "aws dynamodb update-item <here>",
    }
    return About(**(shown | given))
