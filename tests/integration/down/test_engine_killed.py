"""However often the engine is killed, no write is lost or applied twice."""

import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.store.engine import EmbeddedEngine
from tests.integration.down.kit import (
    PATIENCE,
    RECOVERED,
    Server,
    engine_of,
    wait_for_readiness,
)
from tests.support.http.lossy import LossyProxy
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

CLIENT_WAITS = 4.0  # seconds; then it gives up and repeats its call


@dataclass
class Tally:
    """The responses that one writer got."""

    accepted: list[str] = field(default_factory=list)  # request ids answered with 200
    unknown: list[str] = field(default_factory=list)  # request ids answered with 503


@pytest.mark.embedded
def test_accepted_writes_are_applied_exactly_once_across_engine_kills(
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
    sales = [
        event for events in audited.values() for event in events if event["kind"] != "inserted"
    ]
    applied = Counter(event["request_id"] for event in sales)
    assert len(accepted) > 50
    assert all(applied[request] == 1 for request in accepted), "a write is lost or applied twice"
    assert applied.keys() <= {*accepted, *unknown}
    assert max(applied.values()) == 1, "a write with a lost response was applied twice"
    for product, events in audited.items():
        left = left_of(server, product)
        assert left == stock - sum(event["product_id"] == product for event in sales)
        assert [event["stock_after"] for event in events] == list(range(left, stock + 1))
    assert not server.feed.ended
    ids = [event["id"] for event in streamed]
    assert len(ids) == len(set(ids)), "an event was sent twice"
    everything = {event["id"] for events in audited.values() for event in events}
    assert set(ids) == everything


def left_of(server: Server, product: str) -> int:
    return stock_of(server, product)


def stock_of(served: Server | App, product: str) -> int:
    stock: int = served.http.get(f"/v1/products/{product}").json()["stock"]
    return stock


def sell(server: Server, products: list[str], tally: Tally, done: threading.Event) -> None:
    """Sell one of each product in turn, and note the responses."""
    while not done.is_set():
        for product in products:
            answer = server.adjust(product, -1)
            request = answer.headers["X-Request-Id"]
            if answer.status_code == 200:
                tally.accepted.append(request)
            elif answer.status_code == 503:
                tally.unknown.append(request)
            else:  # neither out of stock nor a conflict with the writer's own retry
                assert answer.json()["code"] == "too-much-contention", answer.text


class KillingProxy(LossyProxy):
    """Drops the response to a write and kills the engine; closes the connection once it is back."""

    def __init__(self, engine: EmbeddedEngine, data_dir: Path) -> None:
        parts = urlsplit(engine.url)
        super().__init__((parts.hostname or "", parts.port or 80), share=1, seed=1)
        self.armed = b""  # a part of the next request to lose
        self.meanwhile: Callable[[], Any] = lambda: None  # called once the engine is back
        self.held = 0.0  # seconds for which the last response was awaited
        self._data_dir = data_dir

    def swallows(self, request: bytes) -> bool:
        if not self.armed or b"TransactWriteItems" not in request or self.armed not in request:
            return False
        self.armed = b""
        before, started = engine_of(self._data_dir), time.monotonic()
        os.kill(before, signal.SIGKILL)
        until(lambda: engine_of(self._data_dir) not in {0, before}, PATIENCE)
        self.meanwhile()
        self.held = time.monotonic() - started
        return True


@pytest.mark.embedded
def test_write_whose_response_is_lost_with_the_engine_is_applied_once(tmp_path: Path) -> None:
    with app_before_killing_proxy(tmp_path) as (app, proxy):
        app.create("P1", 100)

        def answered(method: str, path: str, **request: Any) -> int:
            proxy.armed = b"TransactItems"
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


@pytest.mark.embedded
def test_write_whose_outcome_another_writer_hides_is_reported_as_unknown(tmp_path: Path) -> None:
    with app_before_killing_proxy(tmp_path) as (app, proxy):
        sale = {"json": {"delta": -3, "reason": "sold"}}
        adjusted = hidden(app, proxy, "POST", "/v1/products/{}/adjustments", **sale)
        key = {"headers": {"Idempotency-Key": "k1"}}
        with_key = hidden(app, proxy, "POST", "/v1/products/{}/adjustments", **sale, **key)
        deleted = hidden(app, proxy, "DELETE", "/v1/products/{}", headers={"If-Match": "*"})
    assert (with_key.status_code, with_key.json()["stock"]) == (200, 94)
    for answer in (adjusted, deleted):
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome-unknown")
        assert "history" in answer.json()["detail"]
        assert "Retry-After" not in answer.headers  # many clients would repeat it unasked


def hidden(app: App, proxy: KillingProxy, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer to a write that is applied before another program replaces the item.

    It is sent again, for another product, if the engine was down longer than the client waits.
    """
    while True:
        product = f"P-{uuid.uuid4().hex}"
        app.put_outside(ProductID=product, Stock=97)
        proxy.meanwhile = partial(app.put_outside, ProductID=product, Stock=50)
        proxy.armed = b'"Delete"' if method == "DELETE" else b"TransactItems"
        answer = app.http.request(method, path.format(product), **request)
        assert not proxy.armed
        if proxy.held < CLIENT_WAITS:
            assert stock_of(app, product) == 50, "the write was applied twice"
            return answer


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


def history(http: httpx.Client, product_id: str) -> list[dict[str, Any]]:
    """All audit entries of a product, newest first."""
    events: list[dict[str, Any]] = []
    link: str | None = f"/v1/products/{product_id}/events?limit=200"
    while link:
        answer = http.get(link)
        assert answer.status_code == 200, answer.text
        events += [event["data"] for event in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url")
    return events
