"""Products can be created, read, changed and deleted over REST, on a real engine."""

import pytest

from tests.support.processes.running import App
from tests.support.waiting import until

JSON = {"Content-Type": "application/json"}
PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has a product with its own letter."""
    return shared


def test_created_product_can_be_read(app: App) -> None:
    made = app.create("P/1 ü", 12, price="19.90", category="Kitchen", tags=["a", "b"])
    assert made.headers["Location"] == "/v1/products/P%2F1%20%C3%BC"
    read = app.http.get(made.headers["Location"])
    assert read.status_code == 200
    assert read.json() | {"warnings": []} == made.json()
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.json()["price"] == "19.9"
    assert read.json()["version"] == 1


def test_matching_etag_returns_304_without_a_body(app: App) -> None:
    etag = app.create("Pb").headers["ETag"]
    answer = app.http.get("/v1/products/Pb", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_creating_an_existing_product_is_a_conflict(app: App) -> None:
    app.create("Pc", 5)
    again = app.http.post("/v1/products", json={"product_id": "Pc", "name": "x", "stock": 1})
    assert again.status_code == 409
    assert again.json()["code"] == "product-exists"
    assert app.http.get("/v1/products/Pc").json()["stock"] == 5


def test_put_with_if_none_match_does_not_replace_a_product(app: App) -> None:
    body = {"name": "Kettle", "stock": 3}
    made = app.http.put("/v1/products/Pd", json=body, headers={"If-None-Match": "*"})
    assert made.status_code == 201
    assert (
        app.http.put("/v1/products/Pd", json=body, headers={"If-None-Match": "*"}).status_code
        == 409
    )


def test_put_replaces_all_fields_but_not_other_attributes(app: App) -> None:
    app.put_outside(ProductID="Pe", ProductName="old", Stock=4, Category="c", shelf="A7")
    etag = app.http.get("/v1/products/Pe").headers["ETag"]
    answer = app.http.put(
        "/v1/products/Pe", json={"name": "new", "stock": 4}, headers={"If-Match": etag}
    )
    assert answer.status_code == 200
    assert answer.json()["category"] is None
    assert answer.json()["attributes"] == {"shelf": "A7"}
    assert app.http.get("/v1/products/Pe").json() | {"warnings": []} == answer.json()


def test_patch_changes_the_given_fields_and_null_removes_a_field(app: App) -> None:
    etag = app.create("Pf", 5, category="c", barcode="400").headers["ETag"]
    answer = app.http.patch(
        "/v1/products/Pf",
        content='{"name": "N2", "category": null}',
        headers=PATCH | {"If-Match": etag},
    )
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["name"], shown["category"], shown["barcode"]) == ("N2", None, "400")


def test_sale_does_not_conflict_with_an_edit_of_details(app: App) -> None:
    etag = app.create("Pg", 5).headers["ETag"]
    app.adjust("Pg", -1)
    edit = PATCH | {"If-Match": etag}
    assert app.http.patch("/v1/products/Pg", content='{"name":"b"}', headers=edit).is_success
    stale = app.http.patch("/v1/products/Pg", content='{"stock":9}', headers=edit)
    assert stale.status_code == 412
    assert stale.headers["ETag"] == app.http.get("/v1/products/Pg").headers["ETag"]
    assert app.http.get("/v1/products/Pg").json()["stock"] == 4


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_write_without_a_precondition_is_rejected(app: App, method: str) -> None:
    app.create(product := f"P{method}")
    headers = PATCH if method == "PATCH" else JSON
    content = None if method == "DELETE" else '{"name":"x","stock":1}'
    answer = app.http.request(method, f"/v1/products/{product}", content=content, headers=headers)
    assert answer.status_code == 428
    assert answer.json()["code"] == "precondition-required"


def test_delete_requires_the_current_etag_and_leaves_the_history(app: App) -> None:
    etag = app.create("Pi").headers["ETag"]
    app.adjust("Pi", -1)
    assert app.http.delete("/v1/products/Pi", headers={"If-Match": etag}).status_code == 412
    assert app.http.delete("/v1/products/Pi", headers={"If-Match": "*"}).status_code == 204
    gone = app.http.get("/v1/products/Pi")
    assert gone.status_code in {404, 410}  # 410 as soon as its first event is audited
    assert app.http.get("/v1/products/never").status_code == 404


def test_adjustment_below_zero_is_rejected(app: App) -> None:
    app.create("Pj", 3)
    refused = app.adjust("Pj", -4)
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["stock"]) == ("insufficient-stock", 3)
    assert app.adjust("Pj", -3).json()["stock"] == 0


@pytest.mark.parametrize(
    ("stored", "shown", "after"),
    [
        ("1.5", 1.5, 2.5),
        ("-3", -3, -2),
        ("9" * 38, "9" * 38, None),
        ("1E-130", "0." + "0" * 129 + "1", None),
    ],
)
def test_any_number_as_stock_is_shown_and_adjusted_exactly(
    app: App, stored: str, shown: object, after: object
) -> None:
    product = f"Pk{stored[:9]}"
    item = {"ProductID": {"S": product}, "Stock": {"N": stored}, "ReorderPoint": {"N": "9" * 38}}
    app.tables.put_item(TableName=app.services.about.products_table, Item=item)
    assert app.http.get(f"/v1/products/{product}").json()["stock"] == shown
    assert app.http.get("/v1/products?limit=200").status_code == 200
    adjusted = app.adjust(product, 1)
    if after is None:
        assert adjusted.json()["code"] == "stock-not-countable"  # too large, or too many digits
        assert app.http.get(f"/v1/products/{product}").json()["stock"] == shown
    else:
        assert adjusted.json()["stock"] == after


@pytest.mark.parametrize(
    "page", ["products?limit=200", "products/edit?id=Pw", "products/adjust?id=Pw"]
)
def test_forms_take_as_many_decimals_as_the_stock_has(app: App, page: str) -> None:
    item = {"ProductID": {"S": "Pw"}, "Stock": {"N": "1.25"}}
    app.tables.put_item(TableName=app.services.about.products_table, Item=item)
    until(lambda: 'step="0.01"' in app.http.get(f"/{page}").text)
    assert app.adjust("Pw", "0.25").json()["stock"] == 1.5
    assert app.adjust("Pw", "0.125").json()["errors"] == [
        {"pointer": "/delta", "detail": "must have at most 1 decimal places"}
    ]


def test_stock_that_is_no_number_is_kept_and_shown_among_the_attributes(app: App) -> None:
    item = {"ProductID": {"S": "Pks"}, "Stock": {"S": "many"}}
    app.tables.put_item(TableName=app.services.about.products_table, Item=item)
    read = app.http.get("/v1/products/Pks").json()
    assert (read["stock"], read["attributes"]) == (None, {"Stock": "many"})
    assert app.adjust("Pks", 1).json()["code"] == "stock-not-countable"
    patched = app.http.patch(
        "/v1/products/Pks", content='{"stock":2}', headers=PATCH | {"If-Match": "*"}
    )
    assert patched.json()["code"] == "attribute-kept"


def test_paging_returns_every_product_once(app: App) -> None:
    for number in range(7):
        app.create(f"Pm{number}")
    found, link = [], "/v1/products?limit=3"
    while link:
        answer = app.http.get(link)
        found += [product["product_id"] for product in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url")
        assert (link is None) == (answer.json()["next_cursor"] is None)
    assert len(found) == len(set(found))
    assert {f"Pm{number}" for number in range(7)} <= set(found)


@pytest.mark.parametrize("path", ["/v1/products/Pl", "/v1/products", "/products", "/healthz"])
def test_head_returns_the_headers_of_get_without_a_body(app: App, path: str) -> None:
    app.put_outside(ProductID="Pl", ProductName="n", Stock=1)
    until(lambda: app.http.get("/v1/products?q=pl").json()["items"])
    plain = {"Accept-Encoding": "identity"}  # a page has a cursor, and packs to other lengths
    get, head = app.http.get(path, headers=plain), app.http.head(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == get.headers.get(name), name
    assert app.http.head("/v1/products/none").status_code == 404


def test_head_of_the_stream_ends_immediately(app: App) -> None:
    head = app.http.head("/v1/events", headers={"Accept": "text/event-stream"})
    assert head.headers["content-type"].startswith("text/event-stream")
    until(lambda: app.services.broker.subscribers == 0)
