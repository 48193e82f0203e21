"""An ordinary read takes 500 ms at most while an editor sends 40 batches of 500 items at once.

The editor is local, so no rate limit stops it, and sends the next batch when one is answered.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http.plain import Client
from tests.support.processes.process import Process

CONNECTIONS, ITEMS, PRODUCTS = 40, 500, 50
STOCK = 1000
SECONDS = 20.0
LIMIT = 0.5  # seconds, of an ordinary read's 99th percentile

WRITE, SALE = "/v1/products/P7/adjustments", {"delta": -1, "reason": "sold"}
READS = ("/v1/products/P7", "/products", "/v1/events?limit=20", "/v1/products?limit=50")


@pytest.mark.parametrize("products", [1, PRODUCTS])
def test_batches_do_not_delay_the_requests_of_others(tmp_path: Path, products: int) -> None:
    with Process(tmp_path / "data", forked=False) as app:
        _stocked(app.url)
        quiet, beside = Caller(app.url), Caller(app.url)
        quiet.call_for(5)
        with _attack(app.url, products) as answers:
            time.sleep(2)
            beside.call_for(SECONDS)
            answered = dict(answers)
        applied = _units(app.url) - PRODUCTS * STOCK
    print(f"{CONNECTIONS} batches of {ITEMS} items at once, of {products} products")
    print(f"  reads, quiet:   {figures(quiet.reads)}")
    print(f"  reads, beside:  {figures(beside.reads)}")
    print(f"  writes, quiet:  {figures(quiet.writes)}")
    print(f"  writes, beside: {figures(beside.writes)}")
    print(f"  items applied: {applied}; batches answered: {answered}")
    assert set(beside.statuses) == {200}
    assert percentile(beside.reads, 99) <= LIMIT


@dataclass
class Caller:
    """An ordinary caller, with one request after another; times are in seconds."""

    url: str
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def call_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with Client(base_url=self.url, timeout=90) as http:
            while time.monotonic() < deadline:
                for path in READS:
                    self.reads.append(self._timed(http, "GET", path))
                self.writes.append(self._timed(http, "POST", WRITE, json=SALE))

    def _timed(self, http: httpx.Client, method: str, path: str, **request: Any) -> float:
        time.sleep(0.02)
        start = time.monotonic()
        self.statuses[http.request(method, path, **request).status_code] += 1
        return time.monotonic() - start


def percentile(times: list[float], share: int) -> float:
    return sorted(times)[max(0, len(times) * share // 100 - 1)]


def figures(times: list[float]) -> str:
    p50, p99, most = percentile(times, 50), percentile(times, 99), max(times)
    shown = f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {most * 1000:.0f} ms"
    return f"{shown} of {len(times)}"


def _units(url: str) -> int:
    with Client(base_url=url, timeout=30) as http:
        products = http.get("/v1/products", params={"limit": 200}).json()["items"]
    return sum(product["stock"] for product in products)


def _stocked(url: str) -> None:
    with Client(base_url=url, timeout=30) as http:
        for number in range(PRODUCTS):
            body = {"product_id": f"P{number}", "name": "Tea", "stock": STOCK}
            assert http.post("/v1/products", json=body).status_code == 201


@contextmanager
def _attack(url: str, products: int) -> Iterator[Counter[int]]:
    """Send batches over 40 connections until the block ends; yields the statuses so far."""
    items = [
        {"action": "adjust", "product_id": f"P{n % products}", "delta": 1, "reason": "received"}
        for n in range(ITEMS)
    ]
    answers: Counter[int] = Counter()
    stop = threading.Event()

    def send() -> None:
        with Client(base_url=url, timeout=600) as http:
            while not stop.is_set():
                try:
                    answers[http.post("/v1/products:batch", json={"items": items}).status_code] += 1
                except httpx.HTTPError:
                    answers[0] += 1

    threads = [threading.Thread(target=send, daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
