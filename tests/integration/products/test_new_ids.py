"""A new product needs an id in standard form, however it is created; existing ids stay usable."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.processes.running import App, serving, settings_for

HTML = {"Accept": "text/html"}
MERGE = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
Create = Callable[[App, str], httpx.Response]


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    return shared


@pytest.fixture(scope="module")
def capitals(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application whose new ids are in capitals."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("case"), id_case="upper")) as app:
        yield app


def post(app: App, product_id: str) -> httpx.Response:
    return app.http.post("/v1/products", json={"product_id": product_id, "name": "Tea", "stock": 1})


def put(app: App, product_id: str) -> httpx.Response:
    return app.http.put(
        f"/v1/products/{quote(product_id, safe='')}",
        json={"name": "Tea", "stock": 1},
        headers={"If-None-Match": "*"},
    )


@pytest.mark.parametrize(
    ("create", "pointer"), [(post, "/product_id"), (put, "path:product_id")], ids=["POST", "PUT"]
)
def test_lookalike_of_a_new_id_is_refused_with_its_standard_form(
    app: App, create: Create, pointer: str
) -> None:
    twin = "\uff2e\u00ad1"
    refused = create(app, twin)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == pointer
    assert error["detail"] == "must be written as `N1`, without U+00AD SOFT HYPHEN"
    assert app.http.get(f"/v1/products/{quote(twin)}").status_code == 404


def test_lookalike_in_a_batch_is_refused_alone(app: App) -> None:
    items = [
        {"action": "create", "product_id": product_id, "name": "Tea", "stock": 1}
        for product_id in ("Nb", "N\u200bb")
    ]
    results = app.http.post("/v1/products:batch", json={"items": items}).json()["items"]
    assert [result["status"] for result in results] == [201, 422]
    assert "`Nb`" in results[1]["problem"]["detail"]


def test_form_shows_the_standard_form_beside_the_id(app: App) -> None:
    typed = {"product_id": "\uff2e\uff43", "name": "Tea", "stock": "1"}
    page = app.http.post("/products/new", data=typed, headers=HTML)
    assert page.status_code == 422
    assert '<small id="product_id-help"><span class="error">Must be written as `Nc`' in page.text
    assert 'value="\uff2e\uff43"' in page.text


@pytest.mark.parametrize("product_id", ["\uff2ed", "cafe\u0301", "N\u00ade", " N f ", "n\u202ef"])
def test_existing_id_in_any_form_stays_readable_and_writable(app: App, product_id: str) -> None:
    app.put_outside(ProductID=product_id, ProductName="Old", Stock=5)
    url = f"/v1/products/{quote(product_id, safe='')}"
    assert app.http.get(url).json()["product_id"] == product_id
    sold = app.http.post(f"{url}/adjustments", json={"delta": -1, "reason": "sold"})
    assert sold.json()["stock"] == 4
    assert app.http.patch(url, json={"name": "New"}, headers=MERGE).status_code == 200
    body = {"name": "Newer", "stock": 2}
    assert app.http.put(url, json=body, headers={"If-Match": "*"}).status_code == 200
    edit = f"/products/edit?id={quote(product_id, safe='')}"
    assert app.http.get(edit, headers=HTML).status_code == 200
    assert app.http.delete(url, headers={"If-Match": "*"}).status_code == 204


def test_deployment_can_require_one_letter_case_of_new_ids(capitals: App) -> None:
    refused: Any = post(capitals, "tea-1").json()
    assert refused["errors"] == [{"pointer": "/product_id", "detail": "must be written as `TEA-1`"}]
    assert put(capitals, "tea-1").status_code == 422
    item = {"action": "create", "product_id": "tea-1", "name": "Tea", "stock": 1}
    batch = capitals.http.post("/v1/products:batch", json={"items": [item]}).json()
    assert batch["items"][0]["status"] == 422
    typed = {"product_id": "tea-1", "name": "Tea", "stock": "1"}
    page = capitals.http.post("/products/new", data=typed, headers=HTML)
    assert (page.status_code, "Must be written as `TEA-1`" in page.text) == (422, True)
    assert post(capitals, "TEA-1").status_code == 201
    capitals.put_outside(ProductID="tea-1", ProductName="Old", Stock=5)
    assert capitals.adjust("tea-1", -1).json()["stock"] == 4


def test_name_is_stored_composed_and_an_equal_one_keeps_its_form(app: App) -> None:
    assert app.create("Ng", name="cafe\u0301").json()["name"] == "caf\u00e9"
    app.put_outside(ProductID="Nh", ProductName="cafe\u0301", Stock=5)
    body = {"name": "cafe\u0301", "stock": 5}
    kept = app.http.put("/v1/products/Nh", json=body, headers={"If-Match": "*"}).json()
    assert (kept["name"], kept["version"]) == ("cafe\u0301", 0)
