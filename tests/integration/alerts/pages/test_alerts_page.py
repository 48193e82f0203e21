"""The Alerts page without a script: each form, and the way back."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import quote

import pytest

from app.core.events import event_id
from tests.integration.alerts.pages.kit import (
    DAY,
    followed,
    low,
    page,
    press,
    row,
    sold_out,
    states,
)
from tests.support.house import HTML, forms
from tests.support.processes.running import App
from tests.support.waiting import until


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


def test_undo_leaves_what_others_have_done_since(app: App) -> None:
    shown = sold_out(app, "PK")
    after = followed(app, press(app, shown, "acknowledge"))
    undo = after[after.index('id="done"') :]
    for _ in range(2):  # a repeat changes nothing
        assert "Open again" in followed(app, press(app, undo, "reopen"))
    assert states(app, "PK") == {"out": "open", "low": "open"}
    alerts = app.services.store.alerts
    alerts.acknowledge([event_id("PK", "low-1")], "ben")
    refused = followed(app, press(app, undo, "reopen"))
    assert "Open again" in refused  # of the two, one is open and the other one is Ben's
    assert states(app, "PK") == {"out": "open", "low": "acknowledged"}
    alerts.acknowledge([event_id("PK", "out-1")], "ben")
    assert "Not undone" in followed(app, press(app, undo, "reopen"))
    assert states(app, "PK") == {"out": "acknowledged", "low": "acknowledged"}
    again = press(app, shown, "acknowledge")  # an old page: Ben was first
    assert "undo=" not in again.headers["Location"]


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
