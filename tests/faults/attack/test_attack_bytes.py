"""Large items and made-up cursors cost one caller's time, and never the process's memory.

The figures are printed: run with `-s` or `-rP`.
"""

import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from app.store.dynamodb.client import connect
from tests.faults.engines import EMBEDDED, Engine
from tests.faults.writers import Writers
from tests.support.http.plain import Client
from tests.support.http.sse import messages
from tests.support.paths import ROOT
from tests.support.processes.process import Process, with_settings
from tests.support.processes.running import item
from tests.support.waiting import until

MB = 1024 * 1024
PRODUCTS, LARGE, BYTES = 100, 1_000, 390_000
SMALL = 4_000
AT_ONCE = 12
CURSORS = 200
HOUR_MS = 3_600_000


@dataclass
class Shop:
    """An engine and `stockpulse serve`, and the keys of its callers."""

    engine: Engine
    process: Process
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> None:
        """Create a viewer's key, as an administrator does."""
        command = [sys.executable, "-m", "app", "key", "create", name, "--role", "viewer"]
        own = {"STOCKPULSE_DATA_DIR": str(self.process.data_dir)} | self.process.environment
        made = subprocess.run(
            command, cwd=ROOT, env=with_settings(own), capture_output=True, text=True, check=True
        )
        words = (made.stdout + made.stderr).split()
        self.keys[name] = next(word for word in words if word.startswith("sp_"))

    def restart(self) -> None:
        """Start again, with a short ring: older cursors are answered from the store."""
        self.process.stop()
        self.process.start()

    def client(self, name: str = "ada") -> Client:
        headers = {"Authorization": f"Bearer {self.keys[name]}", "Accept-Encoding": "identity"}
        return Client(base_url=self.process.url, headers=headers, timeout=120)

    def published(self) -> int:
        with Client(base_url=self.process.url, timeout=10) as http:
            lines = http.get("/metrics").text.splitlines()
        values = [line for line in lines if line.startswith("stockpulse_published_total ")]
        return int(float(values[0].split()[1])) if values else 0

    @contextmanager
    def memory(self) -> Iterator[Callable[[], tuple[int, int]]]:
        """Watch the process; returns its memory before, and at most, in MB."""
        process, done = psutil.Process(self.process.pid), threading.Event()
        seen = [process.memory_info().rss]

        def watch() -> None:
            while not done.wait(0.02):
                seen.append(process.memory_info().rss)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield lambda: (seen[0] // MB, max(seen) // MB)
        finally:
            done.set()
            thread.join()


@contextmanager
def a_shop(folder: Path) -> Iterator[Shop]:
    with Engine(EMBEDDED, folder / "engine") as engine:
        given = {"STOCKPULSE_DYNAMODB": engine.url, "STOCKPULSE_RATE_LIMIT_PER_MINUTE": "0"}
        process = Process(folder / "data", environment=given, forked=False)
        shop = Shop(engine, process)
        with process:
            yield shop


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with 1,000 changes of items of 390 KB, which its worker has read."""
    with a_shop(tmp_path_factory.mktemp("large")) as shop:
        shop.process.stop()
        client = connect(shop.engine.url).tables
        for number in range(LARGE):
            product = item(
                ProductID=f"P{number % PRODUCTS}", ProductName="n", Stock=number, blob="x" * BYTES
            )
            client.put_item(TableName="Products", Item=product)
        shop.process.start(ready=False)
        with shop.memory() as memory:
            began = time.monotonic()
            shop.process.wait_ready(120)
            until(lambda: shop.published() >= LARGE, 400)
            before, most = memory()
        print(
            f"\nstream: {LARGE} records of {BYTES // 1000} KB and as much before, read in "
            f"{time.monotonic() - began:.0f} s, memory at most {most} MB"
        )
        assert most < 500, f"{before} to {most} MB"
        shop.key("ada")
        shop.restart()
        yield shop


@pytest.mark.parametrize("path", ["/v1/events", "/v1/products/P7/events", "/v1/products"])
def test_twelve_large_pages_at_once_need_little_memory(large: Shop, path: str) -> None:
    def read(_: int) -> int:
        with large.client() as http:
            answer = http.get(f"{path}?limit=200")
            assert answer.status_code == 200, answer.text[:200]
            return len(answer.content)

    read(0)
    with large.memory() as memory, ThreadPoolExecutor(AT_ONCE) as threads:
        began = time.monotonic()
        sizes = list(threads.map(read, range(AT_ONCE)))
        seconds = time.monotonic() - began
        before, most = memory()
    print(
        f"\n{path}: {AT_ONCE} pages of {max(sizes) / MB:.1f} MiB at once in {seconds:.1f} s, "
        f"memory from {before} to {most} MB"
    )
    assert max(sizes) < 6 * MB
    assert most - before < 300


def test_resume_of_a_thousand_large_events_needs_little_memory(large: Shop) -> None:
    large.restart()
    with large.memory() as memory:
        first, seconds, found = _resume(large, "ada", LARGE)
        before, most = memory()
    print(
        f"\nresume of {found} events of {2 * BYTES // 1000} KB: the first after {first:.2f} s, all "
        f"after {seconds:.1f} s, memory from {before} to {most} MB"
    )
    assert found == LARGE
    assert most - before < 150


def test_made_up_cursors_of_one_viewer_do_not_delay_another_s_resume(tmp_path: Path) -> None:
    with a_shop(tmp_path) as shop:
        writers = Writers(shop.engine.url, SMALL)
        writers.start()
        writers.join(120)
        until(lambda: shop.published() >= SMALL, 120)
        for name in ("ada", "mallory"):
            shop.key(name)
        shop.restart()
        alone = _resume(shop, "ada", SMALL)
        with shop.memory() as memory, _attack(shop, "mallory"):
            time.sleep(1)
            beside = _resume(shop, "ada", SMALL)
            before, most = memory()
    print(
        f"\nresume of {SMALL} events: the first after {alone[0]:.2f} s, all after "
        f"{alone[1]:.1f} s; beside {CURSORS} made-up cursors of another viewer: {beside[0]:.2f} s, "
        f"{beside[1]:.1f} s, memory from {before} to {most} MB"
    )
    assert beside[2] == SMALL
    assert beside[0] < 4
    assert most - before < 300


def _resume(shop: Shop, name: str, events: int) -> tuple[float, float, int]:
    """Seconds until the first missed event and until all, and their number."""
    began = time.monotonic()
    first, seen = 0.0, set[str]()
    headers = {"Accept": "text/event-stream", "Last-Event-ID": _cursor(2 * HOUR_MS)}
    with shop.client(name) as http, http.stream("GET", "/v1/events", headers=headers) as answer:
        for message in messages(answer.iter_lines()):
            if message.event == "change":
                first = first or time.monotonic() - began
                seen.add(message.data["id"])
            if len(seen) >= events or message.event in {"heartbeat", "reset"}:
                break
    return first, time.monotonic() - began, len(seen)


def _cursor(ago_ms: int) -> str:
    return f"{time.time_ns() // 1_000_000 - ago_ms:013d}-00000000-000"


@contextmanager
def _attack(shop: Shop, name: str) -> Iterator[None]:
    """Streams from cursors of different seconds, which read all that they are sent."""
    done = threading.Event()
    streams = selectors.DefaultSelector()
    for number in range(CURSORS):
        stream = socket.create_connection(("127.0.0.1", shop.process.port))
        stream.sendall(
            f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{shop.process.port}\r\n"
            f"Authorization: Bearer {shop.keys[name]}\r\nAccept: text/event-stream\r\n"
            f"Last-Event-ID: {_cursor(HOUR_MS + number * 1000)}\r\n\r\n".encode()
        )
        streams.register(stream, selectors.EVENT_READ)

    def read() -> None:
        while not done.is_set():
            for ready, _ in streams.select(0.1):
                if not ready.fileobj.recv(256 * 1024):  # type: ignore[union-attr]
                    streams.unregister(ready.fileobj)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for ready in list(streams.get_map().values()):
            ready.fileobj.close()  # type: ignore[union-attr]
