"""While a part is down clients are told so, and when it is back nothing is lost or doubled."""

import ctypes
import os
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.store.engine import EmbeddedEngine, find_running
from app.store.errors import StoreUnavailable
from app.web.guards import SECURITY_HEADERS
from tests.support.lossy import LossyProxy
from tests.support.process import Process
from tests.support.running import App, serving, settings_for
from tests.support.sse import Listener
from tests.support.waiting import until

TOLD = 5.0  # seconds until /readyz names a part that is down
RECOVERED = 10.0  # seconds until /readyz is well again
PATIENCE = 30.0  # seconds for what has no bound of its own, on a loaded machine


@dataclass
class Server:
    """A running Stockpulse, its engine and a client that follows the feed from the start."""

    process: Process
    http: httpx.Client
    feed: Listener

    @property
    def engine(self) -> int:
        """The process id of the engine."""
        return engine_of(self.process.data_dir)

    def create(self, product_id: str, stock: int = 10) -> httpx.Response:
        body = {"product_id": product_id, "name": "n", "stock": stock}
        return self.http.post("/v1/products", json=body)

    def adjust(self, product_id: str, delta: int) -> httpx.Response:
        return self.http.post(
            f"/v1/products/{product_id}/adjustments", json={"delta": delta, "reason": "sold"}
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with (
        Process(tmp_path / "data") as process,
        httpx.Client(base_url=process.url, timeout=60) as http,
        Listener(process.url) as feed,
    ):
        yield Server(process, http, feed)


@pytest.mark.embedded
def test_with_the_engine_down_clients_are_told_and_with_it_back_all_goes_on(
    server: Server,
) -> None:
    assert server.create("before").status_code == 201
    with engine_kept_down(server), ThreadPoolExecutor() as threads:
        down = threads.submit(server.create, "during")
        refused = [
            threads.submit(server.http.get, "/v1/products/before"),
            threads.submit(server.http.get, "/v1/events"),
            threads.submit(server.adjust, "before", -1),
        ]
        unready = wait_for_readiness(server.http, 503, TOLD)
        assert "engine" in unready["parts"]["engine"]
        assert server.http.get("/healthz").status_code == 200
        for answer in [down.result(), *(call.result() for call in refused)]:
            assert_unavailable(answer)
        # The stream tells it at once, not with the next regular heartbeat.
        server.feed.wait_until(lambda: "engine" in store_told(server.feed), TOLD)
    wait_for_readiness(server.http, 200, RECOVERED)
    assert server.create("after").status_code == 201
    assert server.http.get("/v1/products/before").json()["stock"] == 10
    server.feed.wait_until(lambda: "after" in subjects(server.feed), PATIENCE)
    assert not server.feed.ended
    server.feed.wait_until(lambda: store_told(server.feed) == "ok", TOLD)
    assert subjects(server.feed) == ["before", "after"]


@pytest.mark.embedded
def test_with_the_engine_frozen_clients_are_told_and_a_waiting_write_is_applied_once(
    server: Server,
) -> None:
    server.create("P1")
    server.feed.changes(1)
    frozen = server.engine
    os.kill(frozen, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(server.adjust, "P1", -1)
            unready = wait_for_readiness(server.http, 503, TOLD)
            assert "engine" in unready["parts"]["engine"]
            os.kill(frozen, signal.SIGCONT)
            wait_for_readiness(server.http, 200, RECOVERED)
            assert waiting.result().status_code == 200
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert server.create("after").status_code == 201
    server.feed.changes(3, PATIENCE)
    assert not server.feed.ended
    assert subjects(server.feed) == ["P1", "P1", "after"]
    assert server.http.get("/v1/products/P1").json()["stock"] == 9


@dataclass
class Tally:
    """What one writer was told."""

    accepted: list[str] = field(default_factory=list)  # request ids
    unknown: list[str] = field(default_factory=list)  # of what was answered 503


@pytest.mark.embedded
def test_no_write_that_was_accepted_is_lost_or_doubled_over_several_engine_kills(
    server: Server,
) -> None:
    products, kills, stock = [f"P{number}" for number in range(4)], 4, 100_000
    for product in products:
        server.create(product, stock)
    done = threading.Event()
    tallies = [Tally() for _ in range(6)]
    with ThreadPoolExecutor() as threads:
        writers = [
            threads.submit(
                sell, server, products[number % 4 :] + products[: number % 4], tally, done
            )
            for number, tally in enumerate(tallies)
        ]
        for _ in range(kills):
            time.sleep(0.6)
            before = server.engine
            os.kill(before, signal.SIGKILL)
            until(lambda before=before: server.engine not in {0, before}, PATIENCE)
        time.sleep(0.3)
        done.set()
        for writer in writers:
            writer.result()
    wait_for_readiness(server.http, 200, RECOVERED)
    accepted = [request for tally in tallies for request in tally.accepted]
    unknown = {request for tally in tallies for request in tally.unknown}
    sold = sum(stock - left_of(server, product) for product in products)
    server.feed.wait_until(lambda: len(server.feed.seen) >= sold + len(products), PATIENCE)
    streamed = [message.data for message in server.feed.seen]
    audited = {product: history(server.http, product) for product in products}
    sales = [event for events in audited.values() for event in events if event["delta"]]
    told = Counter(event["request_id"] for event in sales)
    assert len(accepted) > 50
    assert all(told[request] == 1 for request in accepted), "an accepted write is lost or doubled"
    assert told.keys() <= {*accepted, *unknown}
    assert max(told.values()) == 1, "a write with a lost answer was applied twice"
    for product, events in audited.items():
        left = left_of(server, product)
        assert left == stock - sum(event["product_id"] == product for event in sales)
        assert [event["stock_after"] for event in events] == list(range(left, stock + 1))
    assert not server.feed.ended
    ids = [event["id"] for event in streamed]
    assert len(ids) == len(set(ids)), "an event came twice"
    everything = {event["id"] for events in audited.values() for event in events}
    assert set(ids) == everything


def left_of(server: Server, product: str) -> int:
    stock: int = server.http.get(f"/v1/products/{product}").json()["stock"]
    return stock


def sell(server: Server, products: list[str], tally: Tally, done: threading.Event) -> None:
    """Sell one of each product in turn; note what was answered."""
    while not done.is_set():
        for product in products:
            answer = server.adjust(product, -1)
            request = answer.headers["X-Request-Id"]
            if answer.status_code == 200:
                tally.accepted.append(request)
            elif answer.status_code == 503:
                tally.unknown.append(request)
            else:  # nobody took the last one, and no writer met itself as a conflict
                assert answer.json()["code"] == "too-much-contention", answer.text


class KillingProxy(LossyProxy):
    """Swallows the answer to a write and kills the engine that gave it; cuts when it is back."""

    def __init__(self, engine: EmbeddedEngine, data_dir: Path) -> None:
        parts = urlsplit(engine.url)
        super().__init__((parts.hostname or "", parts.port or 80), share=1, seed=1)
        self.armed = False
        self._data_dir = data_dir

    def swallows(self, request: bytes) -> bool:
        if not self.armed or b"TransactWriteItems" not in request:
            return False
        self.armed = False
        before = engine_of(self._data_dir)
        os.kill(before, signal.SIGKILL)
        until(lambda: engine_of(self._data_dir) not in {0, before}, PATIENCE)
        return True


@pytest.mark.embedded
def test_a_write_whose_answer_dies_with_the_engine_is_applied_once(tmp_path: Path) -> None:
    with app_before_killing_proxy(tmp_path) as (app, proxy):
        app.create("P1", 100)

        def answered(method: str, path: str, **request: Any) -> int:
            proxy.armed = True
            status = app.http.request(method, f"/v1/products{path}", **request).status_code
            assert not proxy.armed
            return status

        sale = {"delta": -1, "reason": "sold"}
        assert answered("POST", "/P1/adjustments", json=sale) == 200
        stock = app.http.get("/v1/products/P1").json()["stock"]
        body = {"product_id": "P2", "name": "n", "stock": 1}
        created = answered("POST", "", json=body)
        deleted = answered("DELETE", "/P1", headers={"If-Match": "*"})
    assert (stock, created, deleted) == (99, 201, 204)


@contextmanager
def app_before_killing_proxy(folder: Path) -> Iterator[tuple[App, KillingProxy]]:
    data_dir = folder / "engine"
    with EmbeddedEngine(data_dir) as engine, KillingProxy(engine, data_dir) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            url = f"http://127.0.0.1:{proxy.server_address[1]}"
            with serving(settings_for(url, folder / "data")) as app:
                yield app, proxy
        finally:
            proxy.shutdown()
            thread.join()


def test_a_dead_reader_is_named_and_comes_back_by_itself(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("shard-")
        unready = wait_for_readiness(app.http, 503, TOLD)
        assert "died" in unready["parts"]["worker"]
        app.create("during")
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(3)
        assert subjects(feed) == ["before", "during", "after"]


def test_a_reader_comes_back_though_the_coordinator_died_too(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("stream-coordinator")  # takes effect when it wakes: when a reader ends
        end_thread("shard-")
        wait_for_readiness(app.http, 503, TOLD)
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(2, RECOVERED)
        assert subjects(feed) == ["before", "after"]


def end_thread(prefix: str) -> None:
    """Have a thread raise SystemExit at the next of its instructions."""
    (thread,) = (found for found in threading.enumerate() if found.name.startswith(prefix))
    number = ctypes.c_ulong(thread.ident or 0)
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
    assert raised == 1


def store_told(feed: Listener) -> str:
    """The store's state by the latest heartbeat."""
    beats = [message for message in feed.messages if message.event == "heartbeat"]
    return beats[-1].data["store"] if beats else ""


def subjects(feed: Listener) -> list[str]:
    return [message.data["subject"] for message in feed.seen]


def history(http: httpx.Client, product_id: str) -> list[dict[str, Any]]:
    """A product's whole audit, newest first."""
    events: list[dict[str, Any]] = []
    link: str | None = f"/v1/products/{product_id}/events?limit=200"
    while link:
        answer = http.get(link)
        assert answer.status_code == 200, answer.text
        events += [event["data"] for event in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url")
    return events


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == StoreUnavailable.status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (503, StoreUnavailable.code)
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["title"]
    assert "Traceback" not in problem["detail"]
    assert all(answer.headers[name] == value for name, value in SECURITY_HEADERS.items())


def wait_for_readiness(http: httpx.Client, status: int, seconds: float) -> Any:
    """What /readyz says once it answers with this status; within so many seconds."""
    answer = http.get("/readyz")
    deadline = time.monotonic() + seconds
    while answer.status_code != status and time.monotonic() < deadline:
        time.sleep(0.02)
        answer = http.get("/readyz")
    assert answer.status_code == status, answer.text
    if status != 200:
        assert "Retry-After" in answer.headers
    return answer.json()


def engine_of(data_dir: Path) -> int:
    """The process id of the folder's engine; 0 while none runs."""
    found = find_running(data_dir)
    return 0 if found is None else found.pid


@contextmanager
def engine_kept_down(server: Server) -> Iterator[None]:
    """Kill the engine and sit on its address, where every connection is reset at once."""
    found = find_running(server.process.data_dir)
    assert found is not None
    parts = urlsplit(found.url)
    ended = threading.Event()
    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupant.settimeout(0.05)

        def take() -> bool:
            """Take the address; an engine that was restarted meanwhile is killed like the first."""
            if running := server.engine:
                os.kill(running, signal.SIGKILL)
            try:
                occupant.bind((parts.hostname, parts.port))
                occupant.listen(128)
            except OSError:
                return False
            return True

        def reset() -> None:
            while not ended.is_set():
                try:
                    connection, _ = occupant.accept()
                except TimeoutError:
                    continue
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()

        until(take, TOLD)
        thread = threading.Thread(target=reset)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
