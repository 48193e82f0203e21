"""A POST repeated with the same Idempotency-Key is applied once and returns the first response."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http import plain
from tests.support.http.lossy import lossy
from tests.support.processes.process import Process
from tests.support.processes.running import App, serving, settings_for

SOLD = {"delta": -3, "reason": "sold"}


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has products and keys with its own name."""
    return shared


@pytest.fixture
def p(request: pytest.FixtureRequest) -> str:
    """The name of a product and a key that no other test uses."""
    return re.sub(r"\W", "-", request.node.name)


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def sell(app: App, product: str, key: str = "k", body: Any = SOLD) -> httpx.Response:
    return app.http.post(f"/v1/products/{product}/adjustments", json=body, headers=keyed(key))


def stock(app: App, product: str) -> int:
    count: int = app.http.get(f"/v1/products/{product}").json()["stock"]
    return count


def test_repeat_returns_the_first_response_byte_for_byte(app: App, p: str) -> None:
    app.create(p, stock=10)
    first = sell(app, p, "k-1")
    app.adjust(p, -1)
    again = sell(app, p, "k-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert stock(app, p) == 6


def test_repeated_create_returns_201_with_location(app: App, p: str) -> None:
    body = {"product_id": f"{p} 1", "name": "n", "stock": 1}
    first, again = (
        app.http.post("/v1/products?note=x", json=body, headers=keyed(p)) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Location"] == first.headers["Location"] == f"/v1/products/{p}%201"


def test_repeated_count_is_applied_once(app: App, p: str) -> None:
    app.create(p, stock=10)
    counts = f"/v1/products/{p}/counts"
    body = {"counted": 7, "note": "shelf 4"}
    for _ in range(2):
        answer = app.http.post(counts, json=body, headers=keyed("k"))
        assert (answer.status_code, answer.json()["stock"]) == (200, 7)
    assert answer.json()["version"] == 2


def test_different_body_with_the_same_key_is_rejected(app: App, p: str) -> None:
    app.create(p, stock=10)
    sell(app, p, "k-1")
    other = sell(app, p, "k-1", {"delta": -4, "reason": "sold"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert stock(app, p) == 7


def test_same_key_on_another_route_is_another_request(app: App, p: str) -> None:
    app.create(p, stock=10)
    app.create(p + "2", stock=10)
    assert sell(app, p).status_code == 200
    assert sell(app, p + "2").status_code == 200
    assert (stock(app, p), stock(app, p + "2")) == (7, 7)


def test_error_is_not_stored_so_the_key_can_be_reused(app: App, p: str) -> None:
    app.create(p, stock=1)
    assert sell(app, p, "k").status_code == 409
    app.adjust(p, +9, "received")
    assert sell(app, p, "k").status_code == 200
    assert stock(app, p) == 7


def test_concurrent_repeats_apply_once_and_get_the_same_response(app: App, p: str) -> None:
    app.create(p, stock=100)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: sell(app, p, "same"), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert stock(app, p) == 97


@pytest.mark.parametrize("key", ["", "a b", "ü".encode(), "x" * 256])
def test_invalid_key_is_rejected(app: App, key: Any) -> None:
    answer = app.http.post(
        "/v1/products", json={"product_id": "P1", "name": "n", "stock": 1}, headers=keyed(key)
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "header:idempotency-key"


def test_repeats_after_lost_responses_apply_once(endpoint: str, tmp_path: Path) -> None:
    with (
        lossy(endpoint, share=0.6, seed=3) as (url, proxy),
        serving(settings_for(url, tmp_path)) as app,
    ):
        app.put_outside(ProductID="P1", ProductName="n", Stock=1000)
        for number in range(5):
            while (answer := sell(app, "P1", f"k-{number}")).status_code == 503:
                pass
            assert answer.status_code == 200, answer.text
        assert proxy.swallowed > 2
        assert stock(app, "P1") == 1000 - 15


@pytest.mark.embedded
def test_repeat_after_a_crash_between_commit_and_response_is_replayed(tmp_path: Path) -> None:
    app = Process(tmp_path / "data", module="tests.faults.crashing")
    with app:
        body = {"product_id": "P1", "name": "n", "stock": 10}
        assert plain.post(f"{app.url}/v1/products", json=body).status_code == 201
    app.environment = {"CRASH_AT": "between commit and answer"}
    route = f"{app.url}/v1/products/P1/adjustments"
    app.start()
    with pytest.raises(httpx.HTTPError):
        plain.post(route, json=SOLD, headers=keyed("k"))
    assert app.wait_dead() == -signal.SIGKILL
    app.environment = {}
    with app:
        again = plain.post(route, json=SOLD, headers=keyed("k"))
        assert (again.status_code, again.json()["stock"]) == (200, 7)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert plain.get(f"{app.url}/v1/products/P1").json()["stock"] == 7
