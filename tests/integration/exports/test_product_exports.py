"""A list of products as CSV, NDJSON or XLSX has all of it, and can be imported again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.errors import StoreUnavailable
from app.web.exports import export_build, export_jobs
from app.web.requests.exports import product_exports
from tests.support.house import House
from tests.support.http.exported import cells_of, csv_rows, products_in
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

CSV, NDJSON = {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}


def filled(app: App) -> bool:
    return app.services.read_model.state.filled


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Products with all that is hard to export."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("exports"))) as running:
        until(lambda: filled(running))
        running.create("007", stock=0, price="19.90", name="=1+1", barcode="00012345678901234567")
        running.create("-5", stock=12, name="'quoted", tags=["a;b", "=x", "c\\", "d,e"])
        running.create("P3", stock=3, name='He said "no", twice', category="Größe 😀")
        running.create("P4", stock=4, name="a;=b", reorder_point=9, category="+1")
        running.create("P5", stock=5, name="<r><t>x</t></r>", category="@home")
        yield running


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_exports, "PAGE", 2)


def ids(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows[1:]]


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


def started(app: App, **order: Any) -> str:
    answer = app.http.post("/v1/exports", json={"of": "products"} | order)
    assert answer.status_code == 202, answer.text
    location: str = answer.headers["Location"]
    assert answer.json()["file"] == f"{location}/file"
    return location


def ready(app: App, location: str) -> dict[str, Any]:
    until(lambda: app.http.get(location).json()["state"] == "ready")
    found: dict[str, Any] = app.http.get(location).json()
    return found


def test_spreadsheet_is_built_in_the_background(app: App, tmp_path: Path) -> None:
    query = {"sort": "-stock", "max_stock": "5"}
    location = started(app, format="xlsx", query=query)
    export = ready(app, location)
    assert (export["rows_done"], export["rows_total"]) == (4, 4)
    file = app.http.get(export["file"])
    assert file.headers["Content-Disposition"].endswith('.xlsx"')
    assert len(file.content) == export["bytes"]
    path = tmp_path / "file.xlsx"
    path.write_bytes(file.content)
    rows = cells_of(path)[1:]
    assert [row["A"][1] for row in rows] == ["P5", "P4", "P3", "007"]
    assert rows[-1]["A"] == ("inlineStr", "007")
    assert rows[-1]["H"] == ("inlineStr", "00012345678901234567")
    assert rows[-1]["E"] == ("n", "19.9")
    assert app.http.delete(location).status_code == 204
    assert app.http.get(location).json()["code"] == "export-not-found"


def test_file_is_equal_to_the_download(app: App) -> None:
    for form, headers in (("csv", CSV), ("ndjson", NDJSON)):
        location = started(app, format=form)
        export = ready(app, location)
        downloaded = app.http.get("/v1/products", headers=headers).content
        assert app.http.get(export["file"]).content == downloaded
        app.http.delete(location)


def test_interrupted_download_of_a_file_can_be_continued(app: App) -> None:
    location = started(app, format="csv")
    file = ready(app, location)["file"]
    whole = app.http.get(file).content
    rest = app.http.get(file, headers={"Range": "bytes=10-"})
    assert (rest.status_code, rest.content) == (206, whole[10:])
    for odd in ("bytes=99999-", "bytes=5-2", "bytes=-5", "bytes=0-1,3-4", "lines=1-2", "bytes"):
        answer = app.http.get(file, headers={"Range": odd})
        assert (answer.status_code, answer.content) == (200, whole), odd
    app.http.delete(location)


def test_download_of_a_file_counts_as_a_download(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    location = started(app, format="csv")
    export = ready(app, location)
    with monkeypatch.context() as limited:
        limited.setattr(export_jobs, "OF_ACCOUNT", 0)
        answer = app.http.get(export["file"])
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-of-your-exports")
    assert ready(app, location) == export  # it is still kept for an hour
    assert app.http.get(export["file"]).status_code == 200
    app.http.delete(location)


def test_too_many_rows_for_a_spreadsheet_are_refused_before(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "MOST_ROWS", 4)
    answer = app.http.post("/v1/exports", json={"of": "products", "format": "xlsx"})
    assert (answer.status_code, answer.json()["code"]) == (422, "export-too-large")
    assert "5 products" in answer.json()["detail"]
    app.http.delete(started(app, format="csv"))


def test_fourth_export_of_an_account_is_refused(app: App) -> None:
    locations = [started(app, format="csv") for _ in range(3)]
    answer = app.http.post("/v1/exports", json={"of": "products", "format": "csv"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-of-your-exports")
    assert answer.headers["Retry-After"]
    for location in locations:
        app.http.delete(location)


def test_wrong_order_is_explained(app: App) -> None:
    for order, pointer in (
        ({"of": "products"}, "/format"),
        ({"of": "products", "format": "pdf"}, "/format"),
        ({"of": "products", "format": "csv", "query": {"colour": "red"}}, "/query/colour"),
        ({"of": "products", "format": "csv", "query": {"sort": "color"}}, "/query/sort"),
    ):
        answer = app.http.post("/v1/exports", json=order)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_page_exports_the_shown_list_without_script(app: App) -> None:
    html = {"Accept": "text/html"}
    page = app.http.get("/products?category=%2B1&sort=-stock", headers=html).text
    assert 'href="/products/export?category=%2B1&amp;sort=-stock"' in page
    query = "category=%2B1&sort=-stock"
    page = app.http.get(f"/products/export?{query}", headers=html).text
    assert "Export 1 product<" in page
    csv = app.http.get(f"/products/export/file?{query}&format=csv", headers=html)
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert ids(csv_rows(csv.content)) == ["P4"]
    assert csv.headers["Content-Disposition"].startswith('attachment; filename="products-')
    answer = app.http.post(f"/products/export?{query}", headers=html)
    assert answer.headers["Location"] == f"/products/export?{query}"
    until(lambda: "1 of 1" in app.http.get("/products/export", headers=html).text)
    until(lambda: 'http-equiv="refresh"' not in app.http.get("/products/export", headers=html).text)
    (export,) = app.http.get("/v1/exports").json()["items"]
    assert export["file"] in app.http.get("/products/export", headers=html).text
    app.http.post("/products/export/delete", data={"id": export["id"]}, headers=html)
    assert app.http.get("/v1/exports").json()["items"] == []


def test_each_key_sees_its_own_exports_only(house: House) -> None:
    until(lambda: filled(house.app))
    http, headers = house.app.http, house.headers
    order = {"of": "products", "format": "csv"}
    location = http.post("/v1/exports", json=order, headers=headers["viewer"]).headers["Location"]
    until(lambda: http.get(location, headers=headers["viewer"]).json()["state"] == "ready")
    for who in ("editor", "admin"):
        assert http.get("/v1/exports", headers=headers[who]).json()["items"] == []
        for method, path in (("GET", location), ("GET", f"{location}/file"), ("DELETE", location)):
            assert http.request(method, path, headers=headers[who]).status_code == 404
    assert http.get(f"{location}/file", headers=headers["viewer"]).status_code == 200
