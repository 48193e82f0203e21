"""A list of products as CSV or NDJSON has all of it, and can be imported again."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.errors import StoreUnavailable
from app.web.requests.exports import product_exports
from tests.integration.exports.kit import CSV, NDJSON, filled, ids, ready, started
from tests.support.http.exported import csv_rows, products_in
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


def test_csv_and_ndjson_have_every_page_of_the_list(app: App) -> None:
    query = {"sort": "-stock", "min_stock": "1"}
    items = app.http.get("/v1/products", params=query).json()["items"]
    assert len(items) == 4
    lines = app.http.get("/v1/products", params=query, headers=NDJSON).text.splitlines()
    assert [json.loads(line) for line in lines] == items
    answer = app.http.get("/v1/products", params=query | {"safe": "false"}, headers=CSV)
    assert ids(csv_rows(answer.content)) == [item["product_id"] for item in items]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["As-Of"]


def test_nothing_is_a_header_row_alone(app: App) -> None:
    answer = app.http.get("/v1/products?q=unicorn", headers=CSV)
    assert len(csv_rows(answer.content)) == 1
    assert app.http.get("/v1/products?q=unicorn", headers=NDJSON).content == b""


def test_with_a_limit_it_is_a_page(app: App) -> None:
    first = app.http.get("/v1/products?limit=3&safe=false", headers=CSV)
    rest = app.http.get(first.links["next"]["url"], headers=CSV)
    assert ids(csv_rows(first.content)) == ["-5", "007", "P3"]
    assert ids(csv_rows(rest.content)) == ["P4", "P5"]
    assert "next" not in rest.links
    cursor = httpx.URL(first.links["next"]["url"]).params["cursor"]
    all_after = app.http.get("/v1/products", params={"cursor": cursor}, headers=CSV)
    assert ids(csv_rows(all_after.content)) == ["P4", "P5"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0", "application/json"),
        ("TEXT/CSV; header=present", "text/csv"),
        ("application/jsonl", "application/x-ndjson"),
        ("text/csv;q=x", "application/json"),
    ],
)
def test_accept_chooses_the_format(app: App, accept: str, expected: str) -> None:
    answer = app.http.get("/v1/products", headers={"Accept": accept})
    assert answer.headers["Content-Type"].partition(";")[0] == expected
    assert "Accept" in answer.headers["Vary"].split(", ")


def test_head_has_the_headers_and_reads_no_further_page(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, pages = product_exports.listed, []

    def listed(*given: Any) -> Any:
        pages.append(given)
        return right(*given)

    monkeypatch.setattr(product_exports, "listed", listed)
    answer = app.http.head("/v1/products", headers=CSV)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(pages) <= 2


def test_byte_order_mark_on_request(app: App) -> None:
    assert app.http.get("/v1/products?bom=true", headers=CSV).content.startswith(b"\xef\xbb\xbf")
    assert app.http.get("/v1/products", headers=CSV).content.startswith(b"product_id,")


@pytest.mark.embedded  # the times of DynamoDB Local are whole minutes
def test_list_of_the_past_is_exported_as_it_was(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_exports, "PAST_PAGE", 2)
    app.create("Z1", 1, category="Zz")
    app.create("Z2", 2, category="Zz")
    app.create("Z3", 3, category="Zz")
    until(lambda: len(app.http.get("/v1/products/Z3/events").json()["items"]) == 1)
    time.sleep(1.1)  # an event has the time in whole seconds
    moment = app.http.get("/v1/products").json()["as_of"]
    app.adjust("Z2", 70, "received")
    for sort, expected in (("id", ["Z1", "Z2", "Z3"]), ("-stock", ["Z3", "Z2", "Z1"])):
        query = {"as_of": moment, "category": "Zz", "sort": sort}
        until(lambda query=query: app.http.get("/v1/products", params=query).status_code == 200)
        answer = app.http.get("/v1/products", params=query, headers=CSV)
        assert ids(csv_rows(answer.content)) == expected
        assert answer.headers["As-Of"] == moment
    location = started(app, format="csv", query=query)
    assert app.http.get(ready(app, location)["file"]).content == answer.content
    for product_id in expected:
        app.http.delete(f"/v1/products/{product_id}", headers={"If-Match": "*"})
    app.http.delete(location)


def test_import_of_an_export_changes_nothing(app: App) -> None:
    before = app.http.get("/v1/products").json()["items"]
    for product in products_in(app.http.get("/v1/products", headers=CSV).content):
        answer = app.http.put(
            f"/v1/products/{product['product_id']}", json=product, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
    assert app.http.get("/v1/products").json()["items"] == before


def test_import_into_an_empty_shop_makes_the_same_products(
    app: App, endpoint: str, tmp_path: Path
) -> None:
    exported = app.http.get("/v1/products", headers=CSV).content
    with serving(settings_for(endpoint, tmp_path)) as other:
        until(lambda: filled(other))
        items = [{"action": "create", **product} for product in products_in(exported)]
        answer = other.http.post("/v1/products:batch", json={"items": items})
        assert {item["status"] for item in answer.json()["items"]} == {201}, answer.text
        again = other.http.get("/v1/products", headers=CSV).content
    assert [row[:-2] for row in csv_rows(again)] == [row[:-2] for row in csv_rows(exported)]


def test_download_that_cannot_be_completed_does_not_look_complete(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = product_exports.listed

    def listed(services: Any, query: Any, limit: int, cursor: str | None, totals: Any) -> Any:
        if cursor is not None:
            raise StoreUnavailable("The disk is gone.")
        return right(services, query, limit, cursor, totals)

    monkeypatch.setattr(product_exports, "listed", listed)
    with pytest.raises(httpx.RemoteProtocolError):
        app.http.get("/v1/products", headers=CSV)
    assert app.http.get("/v1/products").status_code == 200


def test_wrong_query_is_a_problem_and_not_a_download(app: App) -> None:
    for query in ("sort=color", "cursor=p.x", "limit=0", "seen=P1", "safe=perhaps"):
        answer = app.http.get(f"/v1/products?{query}", headers=CSV)
        assert answer.status_code in {400, 422}
        assert answer.json()["errors"][0]["pointer"] == f"?{query.partition('=')[0]}"
