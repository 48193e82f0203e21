"""What pages say when something is missing: the store, the right to write, the stream's images."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from app.settings import Settings
from app.store.errors import ProductGone, StoreUnavailable
from app.store.paging import Page
from app.store.timeline import TimelinePage
from app.web.app import create_app
from tests.support.access import open_to_all

HTML = {"Accept": "text/html"}


class _Down:
    """A store that does not answer."""

    def __getattr__(self, _name: str) -> Any:
        def refuse(*_arguments: object, **_named: object) -> None:
            raise StoreUnavailable("DynamoDB did not answer.")

        return refuse


class _Client:
    """A browser without a network."""

    def __init__(self, services: Any) -> None:
        self._transport = httpx.ASGITransport(create_app(services))

    def get(self, path: str) -> httpx.Response:
        return self._send("GET", path)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self._send("POST", path, **request)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://127.0.0.1", headers=HTML
            ) as client:
                return await client.request(method, path, **request)

        # In a thread: where browser tests ran before, theirs has an event loop already.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(anyio.run, send).result()


def client(**given: Any) -> _Client:
    settings = given.pop("settings", {})
    parts: dict[str, Any] = {
        "settings": Settings(_env_file=None, **settings),
        "version": "1",
        "products": SimpleNamespace(page=lambda *_: Page([], None)),
        "timeline": SimpleNamespace(latest=lambda *_: TimelinePage([], None)),
        "broker": SimpleNamespace(head="0000000000001-00000000-000"),
        "products_table": "Products",
        "view_type": "NEW_AND_OLD_IMAGES",
        "cli_line": "aws dynamodb update-item <here>",
        "probes": {},
        "demo": SimpleNamespace(running=lambda: False),
        **open_to_all(settings.get("base_path", "")),
        **given,
    }
    return _Client(SimpleNamespace(**parts))


def test_an_empty_store_says_what_to_do_next() -> None:
    page = client().get("/").text
    assert "No changes yet" in page
    assert "/products/new" in page
    assert "aws dynamodb update-item &lt;here&gt;" in page


def test_the_page_holds_the_cursor_that_the_stream_goes_on_from() -> None:
    assert 'data-cursor="0000000000001-00000000-000"' in client().get("/").text


def test_without_the_store_the_live_page_still_comes_and_asks_for_what_it_lacks() -> None:
    answer = client(timeline=_Down()).get("/")
    assert answer.status_code == 200
    assert "data-stale" in answer.text
    assert "The store cannot be reached" in answer.text
    assert 'id="empty" class="empty" hidden' in answer.text  # nobody knows that it is empty


def test_without_the_store_other_pages_say_so_and_come_back_by_themselves() -> None:
    answer = client(products=_Down()).get("/products?cursor=abc")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert 'data-again="/products?cursor=abc"' in answer.text


def test_a_form_sent_while_the_store_is_away_keeps_what_was_typed() -> None:
    typed = {"product_id": "P1", "name": "My tea", "stock": "3"}
    answer = client(products=_Down()).post("/products/new", data=typed)
    assert answer.status_code == 503
    assert 'value="My tea"' in answer.text
    answer = client(products=_Down()).post(
        "/products/adjust?id=P1", data={"quantity": "7", "direction": "1", "note": "two boxes"}
    )
    assert answer.status_code == 503
    assert 'value="two boxes"' in answer.text


def test_read_only_pages_have_no_forms_and_take_none() -> None:
    read_only = client(settings={"read_only": True})
    assert "/products/new" not in read_only.get("/").text
    assert "<form" not in read_only.get("/products").text
    assert read_only.get("/products/new").status_code == 403
    assert read_only.post("/products/new", data={}).status_code == 403


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_a_view_that_cannot_show_everything_is_told(view: str) -> None:
    page = client(view_type=view).get("/").text
    assert f"<code>{view}</code>" in page
    assert "data-unknown" in page


def test_links_carry_the_base_path() -> None:
    page = client(settings={"base_path": "/shop"}).get("/").text
    assert 'data-stream="/shop/v1/events"' in page
    assert 'href="/shop/products"' in page
    assert 'src="/shop/static/live/main.js"' in page


def test_a_deleted_product_leads_to_its_history() -> None:
    def gone(_product_id: str) -> None:
        raise ProductGone("The product was deleted; its history can still be read.")

    answer = client(products=SimpleNamespace(get=gone)).get("/products/edit?id=A%2F..%26")
    assert answer.status_code == 410
    assert 'href="/products/history?id=A%2F..%26"' in answer.text


def test_a_write_from_a_page_of_another_origin_is_refused() -> None:
    answer = client().post("/products/new", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_an_address_says_is_text_not_markup() -> None:
    page = client().get("/products?done=deleted&id=<script>x</script>").text
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
