"""Clients that do not read, pipeline or hold connections: memory stays bounded, checks succeed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.attack.crowd import (
    FLOOD,
    HEALTH,
    LARGE,
    MIB,
    PAGES,
    STREAM,
    Crowd,
    answered,
    highest,
    resident,
)
from tests.support.http.plain import Client
from tests.support.http.raw_http import connect, read_answer, request
from tests.support.processes.forked import ran
from tests.support.processes.process import Process, with_settings

CONNECTIONS, UNREAD, PIPELINED = 2000, 500, 200
HELD = 20.0  # seconds
SEND_TIMEOUT = 60.0  # seconds that a client may leave a response unread

Plan = list[tuple[int, bytes]]
QUIET: Plan = [(CONNECTIONS, HEALTH)]
HOSTILE: Plan = [
    (CONNECTIONS - UNREAD - PIPELINED, HEALTH),
    (UNREAD - 300, LARGE),
    (150, PAGES),
    (150, STREAM),
    (PIPELINED, FLOOD),
]


@contextmanager
def server(folder: Path, files: int | None = None) -> Iterator[Process]:
    folder.mkdir()
    with Process(folder / "data", forked=False, files=files) as running:
        with Client(base_url=running.url) as http:
            for path in ["/healthz", "/"] * 20:  # what every process loads at its first requests
                http.get(path)
        yield running


def health(url: str, timeout: float = 2) -> Callable[[], int]:
    def check() -> int:
        with Client(base_url=url, timeout=timeout) as http:  # as probes connect
            return http.get("/healthz").status_code

    return check


def memory(folder: Path, plan: Plan, seconds: float = HELD) -> tuple[int, int, int]:
    """The server's memory in bytes: before the connections, the most with them, and after them."""
    with server(folder) as running:
        before = resident(running)
        with Crowd(running.url) as crowd:
            for count, data in plan:
                crowd.open(count, data)
            most = highest(running, seconds)
            started = time.monotonic()
            assert health(running.url, 30)() == 200
            print(f"health check answered in {time.monotonic() - started:.2f} s")
        time.sleep(5)
        return before, most, resident(running)


def shown(name: str, figures: tuple[int, int, int]) -> str:
    before, most, after = (f"{figure / MIB:.0f}" for figure in figures)
    return f"{name}: {before} MiB before, {most} MiB with them, {after} MiB after"


def test_hostile_connections_take_at_most_twice_the_memory_of_quiet_ones(tmp_path: Path) -> None:
    quiet = memory(tmp_path / "quiet", QUIET)
    hostile = memory(tmp_path / "hostile", HOSTILE)
    print(shown(f"{CONNECTIONS} quiet connections", quiet))
    print(shown(f"{CONNECTIONS}, {UNREAD} never read, {PIPELINED} pipeline", hostile))
    assert hostile[1] <= 2 * quiet[1]


@pytest.mark.parametrize("count", [30, 200])
def test_pipelining_takes_little_memory(tmp_path: Path, count: int) -> None:
    figures = memory(tmp_path / "flood", [(count, FLOOD)])
    print(shown(f"{count} connections with 256 KB of pipelined requests", figures))
    assert figures[1] - figures[0] < 64 * MIB


def test_clients_that_do_not_read_are_disconnected(tmp_path: Path) -> None:
    with server(tmp_path / "unread") as running, Crowd(running.url) as crowd:
        crowd.open(UNREAD, LARGE)
        started = time.monotonic()
        while crowd.closed() < UNREAD and time.monotonic() - started < SEND_TIMEOUT * 2:
            time.sleep(1)
        seconds = time.monotonic() - started
        print(f"{crowd.closed()} of {UNREAD} clients that do not read ended after {seconds:.0f} s")
        assert crowd.closed() == UNREAD


@pytest.mark.parametrize("keys", [False, True], ids=["open", "keys"])
def test_idle_connections_keep_nobody_out_with_1024_files(tmp_path: Path, *, keys: bool) -> None:
    with server(tmp_path / "idle", files=1024) as running:
        own = b"Authorization: Bearer " + key(running).encode() if keys else b"Accept: */*"
        products = request("GET", "/v1/products", own)
        with Crowd(running.url) as crowd, connect(running.url) as signed_in:
            signed_in.sendall(products)
            assert read_answer(signed_in).status == 200
            crowd.open(1000)
            results = [answered(health(running.url), 10)]
            with churning(running.url):
                results.append(answered(health(running.url), 20))
            for good, total, slowest in results:
                print(f"keys: {keys}; {good} of {total} checks, slowest {slowest * 1000:.0f} ms")
            signed_in.sendall(products)
            assert read_answer(signed_in).status == 200
        said = (running.data_dir.parent / "out").read_text()
    assert all(good == total for good, total, _ in results)
    assert "too many connections" in said
    assert "Too many open files" not in said
    assert "engine" not in "".join(line for line in said.splitlines() if "WARNING" in line)


def key(running: Process) -> str:
    """An API key's secret: from now on, loopback clients are strangers without one."""
    environment = with_settings({"STOCKPULSE_DATA_DIR": str(running.data_dir)})
    status, output, errors = ran(
        "key", "create", "ada", "--role", "viewer", environment=environment
    )
    assert status == 0, errors
    time.sleep(2)  # the server reads the keys once a second
    return next(word for word in output.split() if word.startswith("sp_"))


@contextmanager
def churning(url: str) -> Iterator[None]:
    """Open connections as fast as possible, from eight addresses, and never close them."""
    ended = threading.Event()

    def churn(address: str) -> None:
        while not ended.is_set():
            with Crowd(url, address) as crowd, suppress(OSError):
                for _ in range(20):
                    if not ended.is_set():
                        crowd.open(50)

    threads = [threading.Thread(target=churn, args=(f"127.0.1.{n}",)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
