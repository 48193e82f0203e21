"""The lists of the Alerts page: their order, their bounds, and the reorder list."""

import re
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from app.store.alerts import alert_lists
from app.store.alerts.alert_repository import AlertRepository
from app.web.pages.alerts import board_reader
from tests.integration.alerts.pages.kit import followed, low, page, press, row, sold_out
from tests.support.processes.running import App
from tests.support.waiting import until


def test_out_comes_before_low_and_pages_are_bounded(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    low(app, "PF1")
    sold_out(app, "PF2")
    order = re.findall(r'data-product="([^"]+)"', page(app))
    assert order.index("PF2") < order.index("PF1")
    monkeypatch.setattr(board_reader, "PAGE", 1)
    assert len(re.findall(r'data-product="', page(app, "/alerts?page=2"))) == 1
    assert "This list has" in page(app, "/alerts?page=900")
    place = app.http.get("/alerts/product", params={"id": "PF1"}).headers["Location"]
    assert re.fullmatch(r"/alerts\?page=\d+&saved=PF1#saved", place)
    assert 'id="saved"' in row(app, "PF1", place)
    nowhere = app.http.get("/alerts/product", params={"id": "none"}, follow_redirects=True)
    assert "No alert is open" in nowhere.text


def test_page_reads_only_the_lists_that_have_changed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = low(app, "PI1")
    real, reads = AlertRepository.newest, []

    def counting(alerts: AlertRepository, state: Any, kind: Any, most: int) -> Any:
        reads.append((state, kind))
        return real(alerts, state, kind, most)

    monkeypatch.setattr(AlertRepository, "newest", counting)
    monkeypatch.setattr(alert_lists, "FRESH", 3600)
    monkeypatch.setattr(alert_lists, "FRESH_EMPTY", 3600)
    for _ in range(2):  # the second time, changes of the last seconds are not known yet
        page(app)
    reads.clear()
    page(app)
    page(app, "/alerts?tab=reorder")
    assert reads == []
    reads.clear()
    followed(app, press(app, shown, "acknowledge"))
    assert "seen by" in row(app, "PI1")
    assert {("open", "low"), ("acknowledged", "low")} == set(reads)
    monkeypatch.setattr(alert_lists, "FRESH", 0)  # what changes no state is found by age
    reads.clear()
    page(app)
    assert ("acknowledged", "low") in reads


def test_what_is_too_much_to_sort_is_listed_by_time(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    low(app, "PG1")
    low(app, "PG2")
    monkeypatch.setattr(board_reader, "MOST", 1)
    assert "There are more than" in page(app)
    monkeypatch.setattr(board_reader, "PAGE", 1)
    path, found = "/alerts?order=newest", []
    while path:
        text = page(app, path)
        found += re.findall(r'data-product="([^"]+)"', text)
        following = re.search(r'<a href="([^"]+)" rel="next">Older', text)
        path = unescape(following[1]) if following else ""
    assert {"PG1", "PG2"} <= set(found)


def test_reorder_list_suggests_by_point_and_sales_and_is_exported(app: App) -> None:
    sold_out(app, "PH1", category="Tea", barcode="=1+1")
    low(app, "PH2")
    marked = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    low(app, "PH3")
    app.http.patch("/v1/products/PH3", content=b'{"no_reorder": true}', headers=marked)
    until(lambda: "4" in row(app, "PH1", "/alerts?tab=reorder&days=1"))
    # 4 were sold today, on the product's first day; 5 are missing to the reorder point.
    until(lambda: "Order </span><b>125<" in row(app, "PH1", "/alerts?tab=reorder"))
    assert "Order </span><b>61<" in row(app, "PH1", "/alerts?tab=reorder&days=14")
    assert "Order </span><b>2<" in row(app, "PH2", "/alerts?tab=reorder")
    until(lambda: not row(app, "PH3", "/alerts?tab=reorder"))
    assert "quantity=125" in row(app, "PH1", "/alerts?tab=reorder")
    answer = app.http.get("/alerts/export/file?tab=reorder&days=14&format=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    (exported,) = (line for line in lines if line.startswith("PH1,"))
    assert exported == "PH1,Name of PH1,Tea,'=1+1,0,5,,4,0,0,61"
    assert re.search(r'filename="reorder-list-[\d-]+\.csv"', answer.headers["Content-Disposition"])
    assert "Export " in page(app, "/alerts/export?tab=reorder")
    started = app.http.post("/alerts/export?tab=reorder&days=14")
    assert started.headers["Location"] == "/alerts/export?tab=reorder&days=14"
    ready = until(
        lambda: re.search(r'href="([^"]+)" download>reorder', page(app, "/alerts/export"))
    )
    with ZipFile(BytesIO(app.http.get(ready[1]).content)) as book:
        assert b"PH1" in book.read("xl/worksheets/sheet1.xml")
