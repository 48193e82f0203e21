"""One look at the store a second, however many ask; what is known outlives a store that is away."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.core.roles import Role
from app.store.access.api_key_secret import Secret, new_secret
from app.store.access.api_keys import ApiKey, KeyRefused, checked_name
from app.store.access.key_cache import KeyCache, KeySnapshot

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Store:
    """Keys that can be away, and a clock that is set."""

    def __init__(self) -> None:
        self.secret = new_secret()
        self.keys = [ApiKey(self.secret.key_id, "ada", Role.EDITOR, self.secret.hash, NOW)]
        self.away = False
        self.silent: threading.Event | None = None
        self.reads = 0
        self.uses: list[datetime] = []
        self.time = 0.0
        kept: Any = SimpleNamespace(all=self._all, record_use=lambda _id, at: self.uses.append(at))
        sign_in: Any = SimpleNamespace(ended_sessions=frozenset)
        self.cache = KeyCache(kept, sign_in, lambda: self.time, self.now, patience=0.05)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.time)

    def _all(self) -> list[ApiKey]:
        self.reads += 1
        if self.silent is not None:
            self.silent.wait(10)
        if self.away:
            raise StoreUnavailable("away")
        return self.keys


def test_many_ask_and_the_store_is_asked_once_a_second() -> None:
    store = Store()
    for _ in range(100):
        assert store.cache.current().credentials_required
    assert store.reads == 1
    assert store.cache.fresh() is not None
    store.time += 1.1
    assert store.cache.fresh() is None
    store.keys = []
    assert not store.cache.current().credentials_required
    assert store.reads == 2


def test_while_the_store_is_away_the_last_look_stands_for_some_minutes() -> None:
    store = Store()
    store.cache.current()
    store.away = True
    store.time += 60
    for _ in range(100):
        assert store.cache.current().credentials_required
    assert store.reads == 2, "a store that is away is not asked at every request"
    store.time += 300
    with pytest.raises(StoreUnavailable):
        store.cache.current()
    store.away = False
    assert store.cache.current().credentials_required


def test_nobody_is_let_in_before_the_first_look() -> None:
    store = Store()
    store.away = True
    with pytest.raises(StoreUnavailable):
        store.cache.current()


def test_a_key_s_use_is_noted_once_a_minute() -> None:
    store = Store()
    (key,) = store.keys
    with store.cache:
        for _ in range(300):
            store.time += 1
            store.cache.note_use(key)
        fresh = replace(key, last_used_at=store.now())
        store.time += 59
        store.cache.note_use(fresh)  # another process noted it
        store.cache._writer.shutdown()  # noqa: SLF001 - the notes are written on a thread
    seconds = [(at - NOW).total_seconds() for at in store.uses]
    assert seconds == [1, 61, 121, 181, 241]


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": NOW},
        {"expires_at": NOW},
        {"hash": new_secret().hash},
        {"id": "0" * 12},
    ],
    ids=["revoked", "expired", "another secret", "another id"],
)
def test_a_key_that_is_over_or_another_lets_nobody_in(change: dict[str, Any]) -> None:
    secret = new_secret()
    good = ApiKey(secret.key_id, "ada", Role.ADMIN, secret.hash, NOW)
    assert KeySnapshot({good.id: good}).key_of(secret, NOW) is good
    bad = replace(good, **change)
    assert KeySnapshot({bad.id: bad}).key_of(secret, NOW) is None


@pytest.mark.parametrize("text", ["", "sp_", "sp_0_x", "x" * 5000, "é", "\udcff", "\x00"])
def test_what_is_no_secret_is_compared_all_the_same(text: str) -> None:
    assert Secret(text).key_id == ""
    assert not Secret(text).matches(None)
    assert KeySnapshot({}).key_of(Secret(text), NOW) is None


def test_a_secret_does_not_show_and_is_not_kept() -> None:
    secret = new_secret()
    assert secret.text not in repr(secret)
    assert secret.text[16:] not in secret.hash
    assert len({new_secret().text for _ in range(100)}) == 100
    assert len(secret.text.rpartition(secret.key_id)[2]) == 44  # `_` and 256 bits


@pytest.mark.parametrize("name", ["ada", "Zoë K.", "till-1", "a@b.example", "Ж"])
def test_people_and_programs_can_name_a_key(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "local", "a\nb", "cli:root", "ada ", "x" * 65, "a\u202eb", "<b>", "a\x00"]
)
def test_a_name_that_could_deceive_is_refused(name: str) -> None:
    with pytest.raises(KeyRefused):
        checked_name(name)


@pytest.mark.parametrize(
    ("has", "may"),
    [(Role.VIEWER, {"viewer"}), (Role.EDITOR, {"viewer", "editor"}), (Role.ADMIN, set(Role))],
)
def test_each_role_may_what_the_one_before_may(has: Role, may: set[str]) -> None:
    assert {needed for needed in Role if has.covers(needed)} == may


def test_nobody_waits_long_for_a_silent_store_and_a_glance_not_at_all() -> None:
    store, speaks = Store(), threading.Event()
    store.cache.current()
    store.silent = speaks
    store.time += 60
    before = time.monotonic()
    assert store.cache.latest() is not None
    assert store.cache.current().credentials_required  # the one that begins to wait has some patience
    for _ in range(100):
        store.time += 1
        assert store.cache.current().credentials_required
    assert time.monotonic() - before < 5
    store.keys = []
    speaks.set()
    store.time += 400
    assert not store.cache.current().credentials_required
