"""Pages handle an unavailable store, a read-only deployment and hostile requests."""

from types import SimpleNamespace

from app.core.errors import ProductGone, ProductNotFound
from app.store.dynamodb.paging import Page
from app.web.statics import static_path
from tests.unit.web.pages.served.kit import Down, a_store, client


def test_other_pages_show_an_error_and_reload_while_the_store_is_unavailable() -> None:
    answer = client(store=a_store(Down())).get("/products?cursor=abc")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert 'data-again="/products?cursor=abc"' in answer.text


def test_error_page_says_what_to_do_and_names_the_request() -> None:
    answer = client().get("/nothing")
    assert answer.status_code == 404
    assert "<h1>Page not found</h1>" in answer.text
    assert "There is nothing at /nothing. Check the address, or search for it." in answer.text
    assert f"<code>{answer.headers['X-Request-Id']}</code>" in answer.text


def test_form_keeps_its_input_when_the_store_is_unavailable() -> None:
    typed = {"product_id": "P1", "name": "My tea", "stock": "3"}
    answer = client(store=a_store(Down())).post("/products/new", data=typed)
    assert answer.status_code == 503
    assert 'value="My tea"' in answer.text
    answer = client(store=a_store(Down())).post(
        "/products/adjust?id=P1", data={"quantity": "7", "mode": "add", "note": "two boxes"}
    )
    assert answer.status_code == 503
    assert 'value="two boxes"' in answer.text


def test_read_only_pages_have_no_forms_and_reject_posts() -> None:
    read_only = client(settings={"read_only": True})
    assert "/products/new" not in read_only.get("/").text
    assert 'method="post"' not in read_only.get("/products").text
    assert read_only.get("/products/new").status_code == 403
    assert read_only.post("/products/new", data={}).status_code == 403


def test_links_include_the_base_path() -> None:
    page = client(settings={"base_path": "/shop"}).get("/").text
    assert 'data-stream="/shop/v1/events"' in page
    assert 'href="/shop/products"' in page
    assert f'src="/shop{static_path()}/live/main.js"' in page


def test_page_of_a_deleted_product_links_to_its_history() -> None:
    def gone(_product_id: str) -> None:
        raise ProductGone("The product was deleted; its history can still be read.")

    answer = client(store=a_store(SimpleNamespace(get=gone))).get("/products/edit?id=A%2F..%26")
    assert answer.status_code == 410
    assert 'href="/products/history?id=A%2F..%26"' in answer.text


def test_write_from_another_origin_is_rejected() -> None:
    answer = client().post("/products/new", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_query_parameters_are_escaped() -> None:
    def none(_product_id: str) -> None:
        raise ProductNotFound("No product has this id.")

    products = SimpleNamespace(page=lambda *_: Page([], None), get=none)
    store = a_store(products, timeline=Down())
    page = client(store=store).get("/products?done=deleted&saved=<script>x</script>").text
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
