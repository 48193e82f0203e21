"""An export of products that is built in the background is equal to the download."""

from pathlib import Path

import pytest

from app.web.exports import export_build, export_jobs
from tests.integration.exports.kit import CSV, NDJSON, filled, ids, ready, started
from tests.support.house import House
from tests.support.http.exported import cells_of, csv_rows
from tests.support.processes.running import App
from tests.support.waiting import until


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
