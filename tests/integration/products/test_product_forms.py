"""The products' forms without a script: they lead back to their list, and can be undone."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from typing import Any

import httpx
import pytest

from app.readmodel.copy_state import ReadModelFilling
from app.store.feed.cursor import before, parse_cursor
from tests.support.house import HTML, forms
from tests.support.processes.running import App
from tests.support.waiting import until

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each test has products of its own."""
    until(lambda: shared.services.read_model.state.events.filled)
    return shared


@pytest.fixture
def name() -> str:
    """The beginning of the ids of a test's products."""
    return f"F{next(_NUMBERS)}-"


def post(app: App, path: str, **fields: Any) -> httpx.Response:
    return app.http.post(path, data=fields, headers=HTML)


def page(app: App, path: str) -> str:
    return app.http.get(path, headers=HTML).text


def stock(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json().get("stock")


def undo(app: App, answer: httpx.Response) -> httpx.Response:
    """Press Undo on the page that a form has led to."""
    text = page(app, answer.headers["Location"])
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
    wanted = {
        field: unescape(fields[field])
        for field in ("request", "back", "of", "count")
        if field in fields
    }
    return post(app, "/products/undo", **wanted)


def rows(text: str) -> list[str]:
    return re.findall(r'<tr role="row" data-product="([^"]+)"', text)


def test_taken_units_are_undone_once(app: App, name: str) -> None:
    app.create(f"{name}1", 9)
    taken = post(
        app, f"/products/adjust?id={name}1", mode="take", quantity="4", back="/products?q=x"
    )
    assert taken.headers["Location"].startswith(f"/products?q=x&done=adjusted&saved={name}1&undo=")
    assert stock(app, f"{name}1") == 5
    undone = undo(app, taken)
    assert undone.headers["Location"].startswith(f"/products?q=x&done=undone&saved={name}1&undone=")
    assert "Undo that" in page(app, undone.headers["Location"])
    assert stock(app, f"{name}1") == 9
    again = undo(app, taken)
    assert again.status_code == 409
    assert "Undone already" in again.text
    assert stock(app, f"{name}1") == 9


def test_sold_units_cannot_be_added(app: App, name: str) -> None:
    app.create(f"{name}1", 9)
    answer = post(
        app, f"/products/adjust?id={name}1", mode="add", quantity="4", reason="sold", note="why"
    )
    assert answer.status_code == 422
    assert "Choose one of received, returned, found" in answer.text
    assert 'value="why"' in answer.text
    assert stock(app, f"{name}1") == 9


def test_count_is_recorded_and_undone(app: App, name: str) -> None:
    app.create(f"{name}1", 9)
    counted = post(app, f"/products/adjust?id={name}1", mode="count", quantity="7")
    assert "done=counted" in counted.headers["Location"]
    assert stock(app, f"{name}1") == 7
    assert undo(app, counted).status_code == 303
    assert stock(app, f"{name}1") == 9


def test_creation_and_edit_are_undone(app: App, name: str) -> None:
    made = post(app, "/products/new", product_id=f"{name}1", name="Tea", stock="3")
    typed = {"was_name": "Tea", "name": "Coffee", "was_stock": "3", "stock": "3", "etag": "*"}
    edited = post(app, f"/products/edit?id={name}1", **typed)
    assert undo(app, edited).status_code == 303
    assert app.http.get(f"/v1/products/{name}1").json()["name"] == "Tea"
    assert undo(app, made).status_code == 303
    until(lambda: app.http.get(f"/v1/products/{name}1").status_code == 410)


def test_deleted_product_is_restored_from_the_list_of_deleted_ones(app: App, name: str) -> None:
    app.create(f"{name}1", 9, name="Restorable")
    etag = app.http.get(f"/v1/products/{name}1").headers["ETag"]
    deleted = post(app, f"/products/delete?id={name}1", etag=etag)
    assert "done=deleted" in deleted.headers["Location"]
    place = "/products?q=restorable&deleted=true"
    until(lambda: rows(page(app, place)) == [f"{name}1"])
    text = page(app, place)
    assert f"/products/undelete?id={name}1" in text
    until(lambda: app.http.get(f"/v1/products/{name}1").status_code == 410)
    restored = post(app, f"/products/undelete?id={name}1", back=place)
    assert restored.status_code == 303
    assert stock(app, f"{name}1") == 9
    again = post(app, f"/products/undelete?id={name}1", back=place)
    assert again.status_code == 409
    assert "Undone already" in again.text


def test_saved_product_is_shown_even_if_its_list_does_not_have_it(app: App, name: str) -> None:
    app.create(f"{name}1", 9, name="Elsewhere")
    text = page(app, f"/products?q=nothing-like-it&done=saved&saved={name}1")
    assert rows(text) == [f"{name}1"]
    assert 'id="saved"' in text


def test_undo_waits_for_a_change_only_so_long(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.pages.products.request_undo.WAIT", 0.2)
    answer = app.http.post("/products/undo", data={"request": "0" * 32})
    assert answer.status_code == 409
    assert answer.json()["code"] == "change-not-recorded"
    assert app.http.post("/products/undo", data={"request": "a b"}).status_code == 422


def test_undo_that_has_to_wait_for_the_server_does_not_claim_to_have_changed_something(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filling(*_: object) -> None:
        raise ReadModelFilling("The server is still reading the events.")

    monkeypatch.setattr("app.web.pages.products.request_undo.events_of", filling)
    answer = post(app, "/products/undo", request="0" * 32)
    assert answer.status_code == 503
    assert "still reading the events" in answer.text
    assert "may or may not" not in answer.text


def test_two_edits_are_merged(app: App, name: str) -> None:
    app.create(f"{name}1", 9, name="Tea", category="Old")
    etag = app.http.get(f"/v1/products/{name}1").headers["ETag"]
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    theirs = '{"name":"Theirs","price":"2"}'
    app.http.patch(f"/v1/products/{name}1", content=theirs, headers=patch)
    was = {"was_name": "Tea", "was_category": "Old", "was_stock": "9", "stock": "9"}
    mine = {"name": "Mine", "category": "New", "etag": etag, "back": "/products?q=tea"}
    conflict = post(app, f"/products/edit?id={name}1", **was, **mine)
    assert conflict.status_code == 412
    for text in ("Before (base)", ">Tea<", ">Theirs<", ">Mine<", 'name="pick_name" value="theirs"'):
        assert text in conflict.text
    assert 'name="pick_category"' not in conflict.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', conflict.text)
    fields = {field: unescape(value) for field, value in hidden}
    merged = post(app, f"/products/edit?id={name}1", **fields, pick_name="theirs")
    assert merged.headers["Location"].startswith("/products?q=tea&done=saved")
    product = app.http.get(f"/v1/products/{name}1").json()
    assert (product["name"], product["category"], product["price"]) == ("Theirs", "New", "2")


def test_selection_is_confirmed_changed_and_undone(app: App, name: str) -> None:
    for number in (1, 2, 3):
        app.create(f"{name}{number}", 5)
    selected = [f"{name}1", f"{name}2"]
    text = post(
        app, "/products/bulk", action="take", product=selected, back="/products?low=true"
    ).text
    assert "Take from 2 products" in text
    assert "5 in stock" in text
    ((_, names),) = [form for form in forms(text) if form[0].endswith("/bulk/apply")]
    assert {"action", "back", "quantity", "product"} <= set(names)
    taken = post(
        app,
        "/products/bulk/apply",
        action="take",
        quantity="2",
        reason="damaged",
        product=selected,
        back="/products?low=true",
    )
    assert taken.headers["Location"].startswith("/products?low=true&done=bulk&undo=")
    assert [stock(app, f"{name}{number}") for number in (1, 2, 3)] == [3, 3, 5]
    assert undo(app, taken).headers["Location"] == "/products?low=true&done=undone&count=2"
    assert [stock(app, f"{name}{number}") for number in (1, 2, 3)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"action": "category", "value": "Tea"}, {"category": "Tea"}),
        ({"action": "category", "value": ""}, {"category": None}),
        ({"action": "tags", "value": "new, hot"}, {"tags": ["new", "hot"]}),
        ({"action": "no_reorder", "value": "true"}, {"no_reorder": True}),
    ],
)
def test_fields_of_a_selection_are_set(
    app: App, name: str, fields: dict[str, str], changed: dict[str, Any]
) -> None:
    app.create(f"{name}1", 5, category="Old", tags=["old"])
    assert post(app, "/products/bulk/apply", **fields, product=f"{name}1").status_code == 303
    product = app.http.get(f"/v1/products/{name}1").json()
    assert {field: product[field] for field in changed} == changed


def test_result_names_what_failed_and_offers_to_undo_the_rest(app: App, name: str) -> None:
    app.create(f"{name}1", 5)
    app.create(f"{name}2", 1)
    answer = post(
        app, "/products/bulk/apply", action="take", quantity="3", product=[f"{name}1", f"{name}2"]
    )
    assert answer.status_code == 409
    assert "1 of 2 changed" in answer.text
    assert "There are only 1 in stock, so 3 cannot be removed." in answer.text
    assert 'action="/products/undo"' in answer.text
    assert (stock(app, f"{name}1"), stock(app, f"{name}2")) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"action": "take", "quantity": "1"}, 422, "No product is selected"),
        ({"action": "explode", "product": "x"}, 422, "Must be one of take, add"),
        ({"action": "take", "quantity": "many", "product": "x"}, 422, "decimal number"),
        (
            {"action": "add", "quantity": "1", "reason": "sold", "product": "x"},
            422,
            "Choose one of",
        ),
        ({"action": "tags", "value": "a, a", "product": "x"}, 422, "same tag twice"),
        (
            {"action": "take", "quantity": "1", "product": [str(n) for n in range(70)]},
            400,
            "fields",
        ),
    ],
)
def test_wrong_selection_says_what_is_wrong(
    app: App, fields: dict[str, Any], status: int, text: str
) -> None:
    answer = post(app, "/products/bulk/apply", **fields)
    assert answer.status_code == status
    assert text in answer.text


def test_selection_is_exported(app: App, name: str) -> None:
    for number in (1, 2):
        app.create(f"{name}{number}", number)
    answer = post(app, "/products/bulk/export", product=[f"{name}2", "none"])
    assert answer.headers["Content-Disposition"] == 'attachment; filename="products.csv"'
    lines = answer.text.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"{name}2,")


def test_days_left_follow_the_sales(app: App, name: str) -> None:
    app.create(f"{name}1", 30, name="Bestseller")
    app.create(f"{name}2", 30, name="Bestseller too")
    app.adjust(f"{name}1", -10)
    until(lambda: app.services.read_model.sales_rates([f"{name}1"]) == {f"{name}1": 10.0})
    text = page(app, "/products?q=bestseller")
    assert re.findall(r'data-part="days">([^<]*)<', text) == ["2", ""]


def test_categories_are_offered_in_order(app: App, name: str) -> None:
    for number, category in enumerate(["Zoo", "Ant", "Ant", "Moth"]):
        app.create(f"{name}{number}", category=f"{name}{category}")
    app.http.delete(f"/v1/products/{name}3", headers={"If-Match": "*"})
    found = app.services.read_model.categories(100)
    assert [one for one in found if one.startswith(name)] == [f"{name}Ant", f"{name}Zoo"]
    assert len(app.services.read_model.categories(1)) == 1
    text = page(app, f"/products?category={name}Ant")
    assert len(rows(text)) == 2
    assert f"<option selected>{name}Ant</option>" in text
    assert len(rows(page(app, f"/products?q={name}&category="))) == 3  # as the form sends it


def test_zero_low_and_negative_differ(app: App, name: str) -> None:
    app.put_outside(ProductID=f"{name}1", ProductName="Levels", Stock=-2)
    app.create(f"{name}2", 0, name="Levels")
    app.create(f"{name}3", 2, name="Levels", reorder_point=5)
    app.create(f"{name}4", 9, name="Levels", reorder_point=5)
    until(lambda: len(rows(page(app, "/products?q=levels"))) == 4)
    levels = re.findall(r'data-level="(\w*)"', page(app, "/products?q=levels"))
    assert levels == ["negative", "out", "low", ""]


def test_stream_of_the_page_begins_where_its_list_has_every_change(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.create(f"{name}1", 9)
    behind = datetime.now(UTC) - timedelta(seconds=2)
    monkeypatch.setattr(app.services.read_model, "as_of", lambda: behind)
    (cursor,) = re.findall(r'data-cursor="([^"]+)"', page(app, "/products"))
    assert parse_cursor(cursor) == before(int(behind.timestamp() * 1000))
