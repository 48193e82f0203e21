"""A door that is open to all, and one with keys of the test's own, without a store."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.store.api_keys import ApiKey
from app.store.keyring import Keyring
from app.web.door import Door
from app.web.proxies import Proxies
from app.web.sessions import Sessions
from app.web.watch import Watch


def a_door(
    keys: Iterable[ApiKey] = (),
    *,
    proxies: Proxies | None = None,
    base: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
) -> Door:
    """A door with these keys; without any it is open."""
    ended: set[str] = set()
    kept: Any = SimpleNamespace(all=lambda: list(keys), used=lambda *_: None)
    sign_in: Any = SimpleNamespace(
        ended_sessions=lambda: frozenset(ended),
        end_session=lambda session, _until: ended.add(session),
    )
    keyring = Keyring(kept, sign_in, monotonic)
    sessions = Sessions("k" * 32, timedelta(minutes=30), timedelta(hours=12))
    return Door(keyring, sign_in, sessions, proxies or Proxies(), base, now)


def open_to_all(base: str = "") -> dict[str, Any]:
    """The parts of `Services` that let everyone in."""
    door = a_door(base=base)
    return {"door": door, "watch": Watch(door.known, door.now)}
