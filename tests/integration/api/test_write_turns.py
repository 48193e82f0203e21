"""Writes that wait hold no thread, so reads are served beside any number of them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.store.products.product_repository import ProductRepository
from app.web.app import WEB_THREADS
from tests.support.http.plain import Client
from tests.support.processes.running import App
from tests.support.waiting import until

SALE = {"delta": -1, "reason": "sold"}


class Slow:
    """Writes to products that start with S wait until they are released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release = threading.Event()
        self.started = 0
        adjust = ProductRepository.adjust

        def wait(products: ProductRepository, product_id: str, *rest: Any) -> Any:
            if product_id.startswith("S"):
                self.started += 1
                assert self.release.wait(10)
            return adjust(products, product_id, *rest)

        monkeypatch.setattr(ProductRepository, "adjust", wait)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


def batch_of(*products: str) -> dict[str, Any]:
    items = [{"action": "adjust", "product_id": name, **SALE} for name in products]
    return {"items": items}


def paths_of_one_product(app: App, number: int) -> httpx.Response:
    """A write of the product S by each of the routes that change stock."""
    with Client(base_url=app.url, timeout=30) as http:
        match number % 3:
            case 0:
                return http.post("/v1/products/S/adjustments", json=SALE)
            case 1:
                return http.post("/v1/products:batch", json=batch_of("S"))
            case _:
                form = {"quantity": "1", "mode": "take", "reason": "sold"}
                return http.post("/products/adjust?id=S", data=form)


def test_reads_and_other_writes_are_served_beside_many_writes_of_one_product(
    app: App, slow: Slow
) -> None:
    count = WEB_THREADS + 20
    app.create("S", stock=100)
    app.create("P")
    with ThreadPoolExecutor(count) as clients:
        answers = [clients.submit(paths_of_one_product, app, n) for n in range(count)]
        until(lambda: slow.started == 1)
        time.sleep(0.5)  # all have arrived
        assert app.http.get("/v1/products/P", timeout=5).status_code == 200
        assert app.adjust("P", -1).status_code == 200
        assert slow.started == 1, "one write of a product runs at a time"
        slow.release.set()
        assert {answer.result().status_code for answer in answers} == {200, 207, 303}
    assert app.http.get("/v1/products/S").json()["stock"] == 100 - count


def test_batches_of_many_products_leave_threads_to_reads(app: App, slow: Slow) -> None:
    products = [f"S{number}" for number in range(WEB_THREADS + 20)]
    for name in products:
        app.create(name)

    def send(first: int) -> httpx.Response:
        with Client(base_url=app.url, timeout=30) as http:
            return http.post("/v1/products:batch", json=batch_of(*products[first : first + 4]))

    with ThreadPoolExecutor(len(products)) as clients:
        answers = [clients.submit(send, first) for first in range(0, len(products), 4)]
        until(lambda: slow.started >= 4)
        time.sleep(0.5)
        assert app.http.get("/v1/products/S1", timeout=5).status_code == 200
        assert slow.started < WEB_THREADS / 2
        slow.release.set()
        items = [item for answer in answers for item in answer.result().json()["items"]]
    assert {item["status"] for item in items} == {200}


def test_write_beyond_the_queue_is_refused_and_a_batch_says_so_for_each_item(
    app: App, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.web.state.writes, "_most", 0)
    app.create("S")
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(paths_of_one_product, app, 0)
        until(lambda: slow.started == 1)
        refused = app.adjust("S", -1)
        batch = app.http.post("/v1/products:batch", json=batch_of("S", "S"))
        slow.release.set()
        assert first.result().status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-of-your-writes")
    assert refused.headers["Retry-After"] == "1"
    assert batch.status_code == 207
    assert [item["status"] for item in batch.json()["items"]] == [429, 429]
    assert app.http.get("/v1/products/S").json()["stock"] == 9


def test_batch_leaves_products_out_of_a_large_answer(app: App) -> None:
    app.put_outside(ProductID="P1", ProductName="n", Stock=50, manual="x" * 380_000)
    answer = app.http.post("/v1/products:batch", json=batch_of(*["P1"] * 30), timeout=60)
    items = answer.json()["items"]
    assert len(answer.content) < 10_000_000
    assert {item["status"] for item in items} == {200}
    assert all(item["etag"] for item in items)
    assert "product" in items[0]
    assert "product" not in items[-1]
