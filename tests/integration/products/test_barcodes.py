"""A write that sets a barcode names other products that have it, and is never held up by that."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.store.products import barcodes
from tests.support.http.throttling import ThrottlingProxy, throttling
from tests.support.processes.running import App, item, serving, settings_for

HTML = {"Accept": "text/html"}
MERGE = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
LAST_WINS = {"If-Match": "*"}


@contextmanager
def throttled_checks(endpoint: str, data_dir: Path) -> Iterator[tuple[ThrottlingProxy, App]]:
    """An application and the proxy that throttles its scans for a barcode, and no other scan."""
    with (
        throttling(endpoint, "Scan", ":barcode") as proxy,
        serving(settings_for(proxy.url, data_dir)) as app,
    ):
        yield proxy, app


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has barcodes of its own."""
    return shared


def in_use(product_id: str) -> list[dict[str, Any]]:
    detail = f"Product {product_id} has the same barcode."
    return [{"code": "barcode-in-use", "detail": detail, "product_id": product_id}]


def test_creating_replacing_and_patching_name_the_other_product(app: App) -> None:
    assert app.create("Ba", barcode="1000").json()["warnings"] == []
    assert app.create("Bb", barcode="1000").json()["warnings"] == in_use("Ba")
    body = {"name": "n", "stock": 1, "barcode": "1000"}
    for headers in ({"If-None-Match": "*"}, LAST_WINS):
        put = app.http.put("/v1/products/Bc", json=body, headers=headers)
        assert put.json()["warnings"][0]["code"] == "barcode-in-use"
    app.create("Bd")
    patch = app.http.patch("/v1/products/Bd", json={"barcode": "1000"}, headers=MERGE)
    others = {warning["product_id"] for warning in patch.json()["warnings"]}
    assert others == {"Ba", "Bb", "Bc"}
    assert patch.json()["barcode"] == "1000"


def test_product_is_not_warned_of_its_own_barcode(app: App) -> None:
    app.create("Be", barcode="1001")
    body = {"name": "n", "stock": 1, "barcode": "1001"}
    assert app.http.put("/v1/products/Be", json=body, headers=LAST_WINS).json()["warnings"] == []


def test_barcode_of_a_deleted_product_is_free(app: App) -> None:
    app.create("Bf", barcode="1002")
    app.http.delete("/v1/products/Bf", headers=LAST_WINS)
    assert app.create("Bg", barcode="1002").json()["warnings"] == []


def test_repeat_with_the_same_idempotency_key_has_the_same_warnings(app: App) -> None:
    app.create("Bh", barcode="1003")
    body = {"product_id": "Bi", "name": "n", "stock": 1, "barcode": "1003"}
    answers = [
        app.http.post("/v1/products", json=body, headers={"Idempotency-Key": "b-1003"})
        for _ in range(2)
    ]
    assert answers[0].json()["warnings"] == in_use("Bh")
    assert answers[1].content == answers[0].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_write_that_sets_no_barcode_scans_nothing(endpoint: str, tmp_path: Path) -> None:
    with throttled_checks(endpoint, tmp_path) as (proxy, app):
        app.create("Bj", barcode="1004")
        proxy.throttled = True
        refused = proxy.refused
        assert app.create("Bk").json()["warnings"] == []
        assert app.adjust("Bj", -1).status_code == 200
        patch = app.http.patch("/v1/products/Bj", json={"barcode": None}, headers=MERGE)
        assert patch.json()["warnings"] == []
        assert proxy.refused == refused


def test_throttled_scan_neither_fails_nor_holds_up_the_write(endpoint: str, tmp_path: Path) -> None:
    with throttled_checks(endpoint, tmp_path) as (proxy, app):
        app.create("Bl", barcode="1005")
        proxy.throttled = True
        started = time.monotonic()
        made = app.create("Bm", barcode="1005")
        assert time.monotonic() - started < barcodes.SECONDS + 1.5
        assert proxy.refused > 0
        (warning,) = made.json()["warnings"]
        assert (warning["code"], warning["product_id"]) == ("barcode-not-checked", None)
        assert app.http.get("/v1/products/Bm").json()["barcode"] == "1005"


@pytest.fixture
def large(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An application whose table has more pages than a check reads."""
    monkeypatch.setattr(barcodes, "PAGES", 2)
    with serving(settings_for(endpoint, tmp_path)) as app:
        table = app.services.about.products_table
        for number in range(12):
            filler = item(ProductID=f"F{number}", Stock=1, Blob="x" * 300_000)
            app.tables.put_item(TableName=table, Item=filler)
        yield app


def test_table_beyond_the_bound_is_reported_as_not_checked(large: App) -> None:
    made = large.create("Bn", barcode="1006").json()
    assert [warning["code"] for warning in made["warnings"]] == ["barcode-not-checked"]


def test_page_says_that_a_barcode_was_not_checked(large: App) -> None:
    typed = {"product_id": "Bo", "name": "n", "stock": "1", "barcode": "1007"}
    page = large.http.post("/products/new", data=typed, headers=HTML, follow_redirects=True)
    assert "could not be checked in time" in page.text


def test_bulk_of_writes_is_applied_although_few_are_checked_at_once(app: App) -> None:
    def create(number: int) -> list[str]:
        made = app.create(f"Bp{number}", barcode=f"2{number:03d}")
        return [warning["code"] for warning in made.json()["warnings"]]

    with ThreadPoolExecutor(8) as threads:
        codes = [code for found in threads.map(create, range(40)) for code in found]
    assert set(codes) <= {"barcode-not-checked"}
    # The checks that ended made room for others.
    assert app.create("Bq", barcode="2999").json()["warnings"] == []


def test_batch_is_not_checked(app: App) -> None:
    app.create("Br", barcode="1008")
    made = {"action": "create", "product_id": "Bs", "name": "n", "stock": 1, "barcode": "1008"}
    result = app.http.post("/v1/products:batch", json={"items": [made]}).json()["items"][0]
    assert (result["status"], "warnings" in result["product"]) == (201, False)


def test_pages_link_to_the_other_product(app: App) -> None:
    app.create("B/t <b>", barcode="1009")
    notice = (
        '<p class="notice" role="status">Product '
        '<a href="/products/history?id=B%2Ft%20%3Cb%3E"><code>B/t &lt;b&gt;</code></a>'
    )
    typed = {"product_id": "Bu", "name": "n", "stock": "1", "barcode": "1009"}
    page = app.http.post("/products/new", data=typed, headers=HTML, follow_redirects=True)
    assert notice in page.text
    app.create("Bv")
    edited = {"was_name": "Name of Bv", "name": "Name of Bv", "was_stock": "10", "stock": "10"}
    edited |= {"barcode": "1009", "etag": "*"}
    page = app.http.post("/products/edit?id=Bv", data=edited, headers=HTML, follow_redirects=True)
    assert notice in page.text
    unchanged = edited | {"was_barcode": "1009", "name": "New"}
    page = app.http.post(
        "/products/edit?id=Bv", data=unchanged, headers=HTML, follow_redirects=True
    )
    assert "same barcode" not in page.text
