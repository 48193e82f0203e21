"""The store is read once a second for all requests; a snapshot survives an outage of the store."""

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
from app.store.access.api_keys import RefusedKey, StoredKeys
from app.store.access.key_cache import RETRY, KeyCache, KeySnapshot
from app.store.access.key_names import KeyRefused, checked_name
from app.store.access.key_row import ApiKey
from tests.support.waiting import until

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Store:
    """A store of keys that can be unavailable or silent, and a clock that the test sets."""

    def __init__(self) -> None:
        self.secret = new_secret()
        self.keys = [ApiKey(self.secret.key_id, "ada", Role.EDITOR, self.secret.hash, NOW)]
        self.refused: list[RefusedKey] = []
        self.away = False
        self.silent: threading.Event | None = None
        self.reads = 0
        self.uses: list[datetime] = []
        self.time = 0.0
        kept: Any = SimpleNamespace(
            read=self._read, record_use=lambda _id, at: self.uses.append(at)
        )
        sign_in: Any = SimpleNamespace(ended_sessions=frozenset)
        self.cache = KeyCache(kept, sign_in, lambda: self.time, self.now, patience=0.05)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.time)

    def _read(self) -> StoredKeys:
        self.reads += 1
        if self.silent is not None:
            self.silent.wait(10)
        if self.away:
            raise StoreUnavailable("away")
        return StoredKeys(self.keys, self.refused)


def test_many_requests_cause_one_read_per_second() -> None:
    store = Store()
    for _ in range(100):
        assert store.cache.current().credentials_required
    assert store.reads == 1
    assert store.cache.fresh() is not None
    store.time += 1.1
    assert store.cache.fresh() is None
    store.cache.current()
    assert store.reads == 2


def test_server_with_a_key_stays_closed_when_its_rows_are_deleted_or_refused() -> None:
    store = Store()
    store.refused, store.keys = [RefusedKey("0" * 12, "ada", "it has no signature")], []
    assert store.cache.current().credentials_required, "a refused row may have been the only key"
    store.refused = []
    for _ in range(2):
        store.time += 1.1
        assert store.cache.current().credentials_required


def test_the_last_snapshot_stays_valid_for_minutes_while_the_store_is_unavailable() -> None:
    store = Store()
    store.cache.current()
    store.away = True
    store.time += 60
    for _ in range(100):
        assert store.cache.current().credentials_required
    assert store.reads == 2, "an unavailable store is not read at every request"
    store.time += 300
    with pytest.raises(StoreUnavailable):
        store.cache.current()
    store.away = False
    assert store.cache.current().credentials_required


def test_store_that_fails_is_a_problem_until_it_answers() -> None:
    store = Store()
    store.cache.current()
    assert store.cache.problem() is None
    store.away = True
    store.time += 60
    store.cache.current()
    assert store.cache.problem() == "away"
    store.away = False
    store.time += RETRY
    store.cache.current()
    assert store.cache.problem() is None


def test_store_that_hangs_is_a_problem_while_it_does() -> None:
    store = Store()
    store.cache.current()
    store.silent = threading.Event()
    store.time += 60
    store.cache.latest()
    assert store.cache.problem() is None
    store.time += 20
    assert store.cache.problem() == "DynamoDB has not answered for 20 s."
    store.silent.set()
    until(lambda: store.cache.problem() is None)


def test_without_a_first_snapshot_every_request_fails() -> None:
    store = Store()
    store.away = True
    with pytest.raises(StoreUnavailable):
        store.cache.current()


def test_a_key_s_use_is_recorded_once_a_minute() -> None:
    store = Store()
    (key,) = store.keys
    with store.cache:
        for _ in range(300):
            store.time += 1
            store.cache.note_use(key)
        fresh = replace(key, last_used_at=store.now())
        store.time += 59
        store.cache.note_use(fresh)  # another process recorded it
        store.cache._writer.shutdown()  # noqa: SLF001 - uses are written on a thread
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
def test_revoked_expired_and_unknown_keys_are_rejected(change: dict[str, Any]) -> None:
    secret = new_secret()
    good = ApiKey(secret.key_id, "ada", Role.ADMIN, secret.hash, NOW)
    assert KeySnapshot({good.id: good}).key_of(secret, NOW) is good
    bad = replace(good, **change)
    assert KeySnapshot({bad.id: bad}).key_of(secret, NOW) is None


@pytest.mark.parametrize("text", ["", "sp_", "sp_0_x", "x" * 5000, "é", "\udcff", "\x00"])
def test_a_malformed_secret_is_still_compared(text: str) -> None:
    assert Secret(text).key_id == ""
    assert not Secret(text).matches(None)
    assert KeySnapshot({}).key_of(Secret(text), NOW) is None


def test_a_secret_is_not_in_its_repr_or_its_hash() -> None:
    secret = new_secret()
    assert secret.text not in repr(secret)
    assert secret.text[16:] not in secret.hash
    assert len({new_secret().text for _ in range(100)}) == 100
    assert len(secret.text.rpartition(secret.key_id)[2]) == 44  # `_` and 256 bits


@pytest.mark.parametrize("name", ["ada", "Zoë K.", "till-1", "a@b.example", "Ж"])
def test_names_of_people_and_programs_are_allowed(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "local",
        "Local",
        "\uff4cocal",
        "outside Stockpulse",
        "a\nb",
        "cli:root",
        "ada ",
        "x" * 65,
        "a\u202eb",
        "<b>",
        "a\x00",
    ],
)
def test_a_misleading_name_is_rejected(name: str) -> None:
    with pytest.raises(KeyRefused):
        checked_name(name)


@pytest.mark.parametrize(
    ("has", "covered"),
    [(Role.VIEWER, {"viewer"}), (Role.EDITOR, {"viewer", "editor"}), (Role.ADMIN, set(Role))],
)
def test_each_role_includes_the_roles_below_it(has: Role, covered: set[str]) -> None:
    assert {needed for needed in Role if has.covers(needed)} == covered


def test_callers_wait_briefly_for_a_silent_store_and_latest_does_not_wait() -> None:
    store, speaks = Store(), threading.Event()
    store.cache.current()
    store.silent = speaks
    store.time += 60
    before = time.monotonic()
    assert store.cache.latest() is not None
    assert store.cache.current().credentials_required  # the first caller waits for a short time
    for _ in range(100):
        store.time += 1
        assert store.cache.current().credentials_required
    assert time.monotonic() - before < 5
    store.keys = []
    speaks.set()
    store.time += 400
    assert store.cache.current().keys == {}
