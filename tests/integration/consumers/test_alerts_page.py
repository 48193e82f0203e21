"""The Alerts page without a script: each tab, each form, the way back, and the reorder list."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import httpx
import pytest

from app.web.pages.alerts import board_reader
from tests.support.house import HTML, forms
from tests.support.processes.running import App
from tests.support.waiting import until

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each test has products of its own."""
    until(lambda: shared.services.read_model.state.events.filled)
    return shared


def page(app: App, path: str = "/alerts", status: int = 200) -> str:
    answer = app.http.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def row(app: App, product_id: str, path: str = "/alerts") -> str:
    """The product's row of a page; empty if it has none."""
    found = re.findall(r'<tr role="row" data-product=.*?</tr>', page(app, path), re.DOTALL)
    return "".join(one for one in found if f'data-product="{product_id}"' in one)


def level(text: str) -> str:
    found = re.search(r'<span class="level">(\w+)</span>', text)
    return found[1] if found else ""


def low(app: App, product_id: str, stock: int = 4, **fields: Any) -> str:
    """A product that is low, with its row."""
    app.create(product_id, stock, reorder_point=5, **fields)
    return str(until(lambda: row(app, product_id)))


def sold_out(app: App, product_id: str, **fields: Any) -> str:
    """A product that is low and out, with its row."""
    low(app, product_id, **fields)
    app.adjust(product_id, -4)
    until(lambda: level(row(app, product_id)) == "out")
    return row(app, product_id)


def press(app: App, text: str, action: str, **more: str) -> httpx.Response:
    """Press the button of a form of the page that sends to an action."""
    path, fields = next(one for one in forms(text) if f"/alerts/{action}" in one[0])
    return app.http.post(path, data=fields | more, headers=HTML)


def followed(app: App, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return page(app, answer.headers["Location"])


def states(app: App, product_id: str) -> dict[str, str]:
    known = app.services.store.alerts.get(product_id)
    return {kind: alert.state for kind, alert in known.alerts.items()}


def test_order_is_for_all_alerts_of_the_row_and_can_be_undone(app: App) -> None:
    shown = sold_out(app, "PA")
    assert shown.count('class="level"') == 1
    sheet = order_sheet(app, shown)
    ((_, fields),) = forms(sheet)
    assert fields["alerts"] == "out-1 low-1"
    assert int(fields["quantity"]) >= 5
    answer = press(app, sheet, "order", quantity="40")
    assert answer.headers["Location"].startswith("/alerts?done=ordered&saved=PA&undo=")
    after = followed(app, answer)
    assert "Order noted" in after
    assert states(app, "PA") == {"out": "ordered", "low": "ordered"}
    assert "40 ordered for" in row(app, "PA", "/alerts?tab=ordered")
    logged = app.http.get("/v1/admin/log").json()["items"][:2]
    assert [one["action"] for one in logged] == ["alert.ordered"] * 2
    undone = press(app, after[after.index('id="done"') :], "reopen")
    assert "Open again" in followed(app, undone)
    assert states(app, "PA") == {"out": "open", "low": "open"}
    assert "ordered for" not in row(app, "PA")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"quantity": "0"}, "Input should be greater than 0"),
        ({"quantity": "many"}, "Must be a plain decimal number"),
        ({"expected": "2020-01-01"}, "Must not be in the past"),
        ({"expected": "2999-01-01"}, "Must be at most a year from now"),
        ({"expected": "soon"}, "Must be a date such as 2026-11-30"),
    ],
)
def test_wrong_order_keeps_what_was_typed(app: App, given: dict[str, str], error: str) -> None:
    if not states(app, "PB"):
        low(app, "PB")
    fields = {"alerts": "low-1", "quantity": "7", "expected": day(7)} | given
    answer = app.http.post("/alerts/order?id=PB", data=fields, headers=HTML)
    assert answer.status_code == 422
    assert error in answer.text
    for name in ("quantity", "expected"):
        assert f'name="{name}"' in answer.text
        assert f'value="{fields[name]}"' in answer.text
    assert states(app, "PB") == {"low": "open"}


def test_order_under_way_can_be_corrected_and_lowers_what_is_suggested(app: App) -> None:
    low(app, "PO")
    fields = {"alerts": "low-1", "quantity": "3", "expected": day(7)}
    followed(app, app.http.post("/alerts/order?id=PO", data=fields, headers=HTML))
    answer = press(
        app, order_sheet(app, row(app, "PO", "/alerts?tab=ordered")), "order", quantity="4"
    )
    assert "undo=" not in answer.headers["Location"], "the first order would be lost"
    assert "4 ordered for" in row(app, "PO", "/alerts?tab=ordered")
    app.adjust("PO", -4)
    ((_, fields),) = forms(order_sheet(app, str(until(lambda: row(app, "PO")))))
    assert fields["alerts"] == "out-1"
    assert f"<b>{fields['quantity']}</b>" in row(app, "PO", "/alerts?tab=reorder")


def order_sheet(app: App, shown: str) -> str:
    text = page(app, unescape(re.findall(r'href="([^"]*/alerts/order[^"]*)"', shown)[0]))
    return text[text.index('<form class="sheet"') : text.index("</main>")]


def day(days: int) -> str:
    return (datetime.now(UTC) + days * DAY).date().isoformat()


def test_alert_is_snoozed_for_days_or_until_a_date(app: App) -> None:
    shown = low(app, "PC")
    followed(app, press(app, shown, "snooze", days="3"))
    until_ms = app.services.store.alerts.get("PC").alerts["low"].snoozed_until
    assert until_ms is not None
    assert abs(until_ms / 1000 - (datetime.now(UTC) + 3 * DAY).timestamp()) < 60
    sleeping = row(app, "PC", "/alerts?tab=snoozed")
    assert "until " in sleeping
    followed(app, press(app, sleeping, "reopen"))
    fields = {"alerts": "low-1", "until": day(2)}
    followed(app, app.http.post("/alerts/snooze?id=PC", data=fields, headers=HTML))
    until_ms = app.services.store.alerts.get("PC").alerts["low"].snoozed_until
    begins = datetime.fromisoformat(f"{day(2)}T00:00:00+00:00").timestamp()
    assert until_ms == begins * 1000
    for wrong, error in (("", "Enter a date"), (day(-1), "Must not be in the past")):
        answer = app.http.post("/alerts/snooze?id=PC", data=fields | {"until": wrong}, headers=HTML)
        assert (answer.status_code, error in answer.text) == (422, True)


def test_acknowledged_alert_stays_and_says_who_saw_it(app: App) -> None:
    shown = low(app, "PD")
    followed(app, press(app, shown, "acknowledge"))
    seen = row(app, "PD")
    assert "seen by <bdi>local</bdi>" in seen
    followed(app, press(app, seen, "reopen"))
    assert states(app, "PD") == {"low": "open"}


def test_form_of_an_alert_that_is_resolved_by_now_says_that_nothing_is_left_to_do(app: App) -> None:
    shown = low(app, "PE")
    app.http.delete("/v1/products/PE", headers={"If-Match": "*"})
    until(lambda: states(app, "PE") == {"low": "resolved"})
    answer = press(app, shown, "acknowledge")
    assert "Nothing to do any more" in followed(app, answer)
    assert "low" in row(app, "PE", "/alerts?tab=resolved")
    for fields in ({"alerts": "low-9"}, {"alerts": "nothing"}, {}):
        wrong = app.http.post("/alerts/acknowledge?id=PE", data=fields, headers=HTML)
        assert wrong.status_code == 404, fields


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


def test_odd_product_is_text_and_its_forms_work(app: App) -> None:
    odd = "P/../<b>&\"' ü%20?#"
    app.put_outside(ProductID=odd, ProductName="<script>alert(1)</script>", Stock=9)
    app.put_outside(ProductID=odd, ProductName="<script>alert(1)</script>", Stock=-2)
    name = "&lt;script&gt;alert(1)&lt;/script&gt;"
    until(lambda: name in page(app))
    assert "<script>alert(1)" not in page(app)
    fields = {"alerts": "negative-1 out-1"}
    answer = app.http.post(f"/alerts/acknowledge?id={quote(odd, safe='')}", data=fields)
    assert name in followed(app, answer)
    assert states(app, odd) == {"out": "acknowledged", "negative": "acknowledged"}


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
