"""An earlier version is restored field by field, by one write that loses no other's change."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.product_page.asking import HTML, cells, hidden
from tests.integration.reversals.undoing import delete, edit, events_of, refusal, reverse, stored
from tests.support.processes.running import App
from tests.support.waiting import until

pytestmark = pytest.mark.embedded  # DynamoDB Local gives the times of records in whole minutes


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def version_of_now(app: App, product_id: str, events: int = 1) -> str:
    """The time of the product's version, once a later change has a later time."""
    at = datetime.fromisoformat(events_of(app, product_id, events)[-1]["occurred_at"])
    until(lambda: datetime.now(UTC) > at + timedelta(seconds=1.2))
    return at.isoformat()


def confirmation(app: App, product_id: str, at: str) -> httpx.Response:
    return app.http.get("/products/restore", params={"id": product_id, "at": at}, headers=HTML)


def restore(app: App, product_id: str, at: str, fields: dict[str, str]) -> httpx.Response:
    query = {"id": product_id, "at": at}
    return app.http.post("/products/restore", params=query, data=fields, headers=HTML)


def without(fields: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


def test_confirmation_lists_every_field_and_the_write_sets_them(app: App) -> None:
    app.create("ra", stock=10, price="2", category="Kitchen")
    at = version_of_now(app, "ra")
    edit(app, "ra", price="3", category=None)
    app.adjust("ra", -4)
    page = confirmation(app, "ra", at).text
    assert cells(page) == [
        ["Category", "none", "Kitchen"],
        ["Price", "3.00", "2.00"],
        ["Stock", "6", "10"],
    ]
    answer = restore(app, "ra", at, hidden(page))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(
        "/products/history?id=ra&done=restored&saved=ra&undo="
    )
    now = app.http.get("/v1/products/ra").json()
    assert (now["stock"], now["price"], now["category"]) == (10, "2", "Kitchen")
    event = events_of(app, "ra", 4)[-1]
    assert event["reason"] == "correction"
    assert re.fullmatch(r"Restored to 20..-..-.. ..:..:..", event["note"])
    again = restore(app, "ra", at, hidden(page))
    assert again.status_code == 303
    assert len(events_of(app, "ra", 4)) == 4


def test_only_ticked_fields_change(app: App) -> None:
    app.create("rb", stock=10, price="2")
    at = version_of_now(app, "rb")
    edit(app, "rb", price="3")
    app.adjust("rb", -4)
    fields = hidden(confirmation(app, "rb", at).text)
    restore(app, "rb", at, without(fields, "restore_stock"))
    now = app.http.get("/v1/products/rb").json()
    assert (now["stock"], now["price"]) == (6, "2")
    none = restore(app, "rb", at, without(fields, "restore_stock", "restore_price"))
    assert none.status_code == 422
    assert "Choose at least one field." in none.text


def test_stock_is_set_as_by_a_count(app: App) -> None:
    app.create("rc", stock=10)
    at = version_of_now(app, "rc")
    app.adjust("rc", -4)
    sale = events_of(app, "rc", 2)[-1]
    restore(app, "rc", at, hidden(confirmation(app, "rc", at).text))
    events_of(app, "rc", 3)
    assert refusal(reverse(app, sale)) == (409, "counted-since")


def test_change_in_between_is_shown_three_ways_and_not_lost(app: App) -> None:
    app.create("rd", stock=10, price="2")
    at = version_of_now(app, "rd")
    edit(app, "rd", price="3")
    fields = hidden(confirmation(app, "rd", at).text)
    edit(app, "rd", price="4")
    refused = restore(app, "rd", at, fields)
    assert refused.status_code == 412
    assert "Someone else changed this product" in refused.text
    assert cells(refused.text) == [["Price", "4.00", "3.00", "2.00"]]
    assert app.http.get("/v1/products/rd").json()["price"] == "4"
    assert restore(app, "rd", at, hidden(refused.text)).status_code == 303
    assert app.http.get("/v1/products/rd").json()["price"] == "2"


def test_sale_in_between_is_no_conflict_for_a_restored_price(app: App) -> None:
    app.create("re", stock=10, price="2")
    at = version_of_now(app, "re")
    edit(app, "re", price="3")
    fields = hidden(confirmation(app, "re", at).text)
    app.adjust("re", -1)
    assert restore(app, "re", at, fields).status_code == 303
    now = app.http.get("/v1/products/re").json()
    assert (now["stock"], now["price"]) == (9, "2")


def test_attributes_of_other_programs_stay_and_are_named(app: App) -> None:
    app.put_outside(ProductID="rf", ProductName="Mug", Stock=5, shelf="A1", Price="soon")
    at = version_of_now(app, "rf")
    app.put_outside(ProductID="rf", ProductName="Jug", Stock=5, shelf="B2", Price="later")
    events_of(app, "rf", 2)
    page = confirmation(app, "rf", at).text
    assert cells(page, 0) == [["Name", "Jug", "Mug"]]
    assert cells(page, 1) == [["Price", "soon", "later"], ["shelf", "A1", "B2"]]
    assert restore(app, "rf", at, hidden(page)).status_code == 303
    item = stored(app, "rf")
    assert item["ProductName"] == {"S": "Mug"}
    assert (item["shelf"], item["Price"]) == ({"S": "B2"}, {"S": "later"})


def test_what_cannot_be_restored_says_why(app: App) -> None:
    app.create("rg", stock=10)
    at = version_of_now(app, "rg")
    nothing = confirmation(app, "rg", at).text
    assert "there is nothing to restore" in nothing

    def status(**query: Any) -> int:
        return app.http.get("/products/restore", params=query, headers=HTML).status_code

    assert status(id="rg", at="2020-01-01") == 404
    assert status(id="rg", at="soon") == 422
    assert status(id="rg", at="") == 422
    assert status(id="rg") == 422
    delete(app, "rg")
    gone = confirmation(app, "rg", at)
    assert gone.status_code == 410
    assert 'href="/products/history?id=rg"' in gone.text
