"""Callers get the newest state at once, even if the store hangs or fails."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from app.core.errors import StoreUnavailable
from app.store.status import StoredStatus
from app.web.system.snapshot import HANGING, Heartbeats, SystemSnapshot
from app.web.system.state import SystemState
from tests.unit.web.system.system_states import live, row, stored, vitals


class Store:
    """A store that answers, fails or hangs as configured, and counts its reads."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def read(self) -> StoredStatus:
        self.reads += 1
        self.open.wait(10)
        if self.error is not None:
            raise self.error
        return stored(workers=[row("w1")])


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def current(store: Store, clock: Clock) -> Callable[[], SystemState]:
    snapshot = SystemSnapshot(store.read, live, vitals, clock)

    def read() -> SystemState:
        with ThreadPoolExecutor(1) as pool:  # browser tests leave an event loop in the main thread
            return pool.submit(anyio.run, snapshot.current).result()

    return read


def test_one_read_is_reused_for_a_second(
    current: Callable[[], SystemState], store: Store, clock: Clock
) -> None:
    first, second = current(), current()
    assert store.reads == 1
    assert first.read_at == second.read_at is not None
    clock.now += 1.1
    current()
    assert store.reads == 2


def test_expire_makes_the_next_call_read_again(store: Store, clock: Clock) -> None:
    snapshot = SystemSnapshot(store.read, live, vitals, clock)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, snapshot.current).result()
        snapshot.expire()
        pool.submit(anyio.run, snapshot.current).result()
    assert store.reads == 2


def test_hanging_store_delays_no_caller_and_is_reported(
    current: Callable[[], SystemState],
    store: Store,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.web.system.snapshot.PATIENCE", 0.01)
    known = current()
    store.open.clear()
    clock.now += 2
    waiting = current()
    clock.now += HANGING + 1
    hanging = current()
    store.open.set()
    assert store.reads == 2  # the third call started no further read
    assert waiting.trouble == ""
    assert hanging.trouble == "no answer for 4 s."
    assert hanging.stored == known.stored
    assert hanging.read_at == known.read_at
    assert [worker.silent for worker in hanging.workers] == [0.0]  # nobody has listened since


def test_failed_read_keeps_the_last_state_and_reports_the_error(
    current: Callable[[], SystemState], store: Store, clock: Clock
) -> None:
    known = current()
    store.error, clock.now = StoreUnavailable("no route to http://u:secret@host"), clock.now + 2
    failed = current()
    assert failed.trouble == "no route to http://***@host"
    assert failed.stored == known.stored
    store.error, clock.now = KeyError("Shard"), clock.now + 2
    assert "unexpected form" in current().trouble
    assert current().needs_repair
    store.error, clock.now = None, clock.now + 2
    assert current().trouble == ""


def test_silence_of_a_heartbeat_is_counted_from_its_first_observation() -> None:
    heartbeats = Heartbeats()
    heartbeats.note([row("w1", 5), row("w2", 5)], 0.0)
    heartbeats.note([row("w1", 5), row("w2", 6)], 8.0)
    still, beating = heartbeats.of(row("w1", 5), 10.0), heartbeats.of(row("w2", 6), 10.0)
    assert (still.silent, still.heard, beating.silent, beating.heard) == (10.0, False, 2.0, True)
    heartbeats.note([], 11.0)
    heartbeats.note([row("w1", 5)], 12.0)
    assert heartbeats.of(row("w1", 5), 12.0).silent == 0.0
