"""In a real browser, a page of another origin can neither read from the app nor write to it.

The page is on another site (`localhost`), or on another port of the app's own host, from
which a browser sends the app's cookies.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.house import House, furnished
from tests.support.http import evil
from tests.support.processes.running import App

HOSTS = ["localhost", "127.0.0.1"]


@pytest.fixture(scope="module")
def cats() -> Iterator[int]:
    with evil.evil_port() as port:
        yield port


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An application with keys and a product."""
    with furnished(endpoint, tmp_path_factory.mktemp("origin")) as running:
        product = {"product_id": "K1", "name": "Kettle", "stock": 12}
        running.app.http.post("/v1/products", json=product, headers=running.headers["editor"])
        yield running


def stored(app: App) -> Any:
    return app.tables.scan(TableName=app.services.about.products_table, ConsistentRead=True)[
        "Items"
    ]


def sign_in(page: Page, house: House) -> None:
    page.goto(f"{house.app.url}/products")
    page.get_by_label("API key").fill(house.secrets["admin"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Products", exact=True)).to_be_visible()


def attack(context: BrowserContext, cats: int, host: str, url: str) -> dict[str, Any]:
    """Try every request that a page can send; return what it could read."""
    page = context.new_page()
    page.goto(f"http://{host}:{cats}/")
    read: dict[str, Any] = page.evaluate(evil.READS, url)
    assert page.evaluate(evil.WRITES, url) > 30
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        page.goto(f"http://{host}:{cats}/")
        with page.expect_navigation():
            page.evaluate(evil.FORM, [url, kind])
    page.close()
    return read


def test_same_requests_succeed_from_the_app_s_own_page(
    shared: App, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{shared.url}/products")
    read = page.evaluate(evil.READS, shared.url)
    for name in ("fetch", "page", "opaque", "module", "image", "style", "stream"):
        assert read[name], name


@pytest.mark.parametrize("host", HOSTS)
def test_other_origin_reads_and_changes_nothing_without_keys(
    shared: App, context: BrowserContext, cats: int, host: str
) -> None:
    if not stored(shared):
        shared.create("K1", stock=12)
    before = stored(shared)
    read = attack(context, cats, host, shared.url)
    assert len(read) > 10
    assert {name: found for name, found in read.items() if found is not None} == {}
    assert stored(shared) == before
    assert not shared.services.demo.is_running()


@pytest.mark.parametrize("host", HOSTS)
def test_other_origin_reads_and_changes_nothing_with_a_signed_in_session(
    house: House, page: Page, cats: int, host: str
) -> None:
    sign_in(page, house)
    before = stored(house.app)
    read = attack(page.context, cats, host, house.app.url)
    assert {name: found for name, found in read.items() if found is not None} == {}
    assert stored(house.app) == before
    assert not house.app.services.demo.is_running()
    page.goto(f"{house.app.url}/products")
    page.locator("#more summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def call(page: Page, url: str, action: str, **body: Any) -> str | None:
    answer: str | None = page.evaluate(evil.ENGINE, [url, action, json.dumps(body)])
    return answer


@pytest.mark.embedded
def test_engine_does_not_listen_on_common_addresses(endpoint: str, page: Page, cats: int) -> None:
    """It cannot be reached at 127.0.0.1 or localhost, even on the right port."""
    port = urlsplit(endpoint).port
    page.goto(f"http://localhost:{cats}/")
    for host in HOSTS:
        assert call(page, f"http://{host}:{port}/", "ListTables") is None, host


@pytest.mark.embedded
def test_page_that_knows_the_engine_s_address_can_write(
    endpoint: str, shared: App, page: Page, cats: int
) -> None:
    """As docs/operate/security.md says, only its secret address protects the engine.

    If this test fails, the engine now rejects other origins: update docs/operate/security.md.
    """
    table = shared.services.about.products_table
    page.goto(f"http://localhost:{cats}/")
    assert "TableNames" in (call(page, endpoint, "ListTables") or "")
    item = {"ProductID": {"S": "KNOWN"}, "Stock": {"N": "1"}}
    assert call(page, endpoint, "PutItem", TableName=table, Item=item) == "{}"
    assert shared.http.get("/v1/products/KNOWN").status_code == 200
    shared.http.delete("/v1/products/KNOWN", headers={"If-Match": "*"})
