"""A product that is marked as not to be reordered is never low, on pages and over REST."""

import re

from tests.support.house import HTML
from tests.support.processes.running import App, item
from tests.support.waiting import until

BOX = re.compile(r'<input name="no_reorder"[^>]*>')


def low(app: App) -> set[str]:
    items = app.http.get("/v1/products", params={"low": "true"}).json()["items"]
    return {one["product_id"] for one in items}


def box(app: App, product_id: str) -> str:
    page = app.http.get(f"/products/edit?id={product_id}", headers=HTML).text
    (found,) = BOX.findall(page)
    return str(found)


def edit(app: App, product_id: str, **fields: str) -> None:
    typed = {"was_name": "Tea", "name": "Tea", "was_stock": "1", "stock": "1", "etag": "*"}
    typed |= {"was_reorder_point": "5", "reorder_point": "5", **fields}
    answer = app.http.post(f"/products/edit?id={product_id}", data=typed)
    assert answer.status_code == 303, answer.text


def test_the_form_marks_and_unmarks_a_product(shared: App) -> None:
    typed = {"product_id": "N1", "name": "Tea", "stock": "1", "reorder_point": "5"}
    assert shared.http.post("/products/new", data=typed | {"no_reorder": "true"}).status_code == 303
    assert shared.http.get("/v1/products/N1").json()["no_reorder"] is True
    assert "checked" in box(shared, "N1")
    edit(shared, "N1", was_no_reorder="true")  # browsers send nothing for an empty box
    assert shared.http.get("/v1/products/N1").json()["no_reorder"] is False
    assert "checked" not in box(shared, "N1")
    edit(shared, "N1", was_no_reorder="", no_reorder="true")
    assert shared.http.get("/v1/products/N1").json()["no_reorder"] is True


def test_neither_a_marked_product_nor_one_with_reorder_point_0_is_low(shared: App) -> None:
    shared.create("N2", 1, reorder_point=5, no_reorder=True)
    shared.create("N3", 0, reorder_point=0)
    shared.create("N4", 1, reorder_point=5)
    until(lambda: "N4" in low(shared))
    assert not {"N2", "N3"} & low(shared)
    page = shared.http.get("/products?q=N2", headers=HTML).text
    assert 'data-reorder=""' in page


def test_another_program_s_value_is_kept_and_does_not_mark_the_product(shared: App) -> None:
    shared.tables.put_item(
        TableName=shared.services.about.products_table,
        Item=item(ProductID="N5", ProductName="Tea", Stock=1, NoReorder="yes"),
    )
    product = shared.http.get("/v1/products/N5").json()
    assert (product["no_reorder"], product["mistyped"]) == (False, ["no_reorder"])
    assert "disabled" in box(shared, "N5")
    refused = shared.http.patch(
        "/v1/products/N5",
        json={"no_reorder": True},
        headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "attribute-kept")


def test_the_mark_is_a_json_boolean(shared: App) -> None:
    body = {"product_id": "N6", "name": "Tea", "stock": 1, "no_reorder": "true"}
    refused = shared.http.post("/v1/products", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")
