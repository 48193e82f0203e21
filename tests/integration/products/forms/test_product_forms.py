"""The forms of one product lead back to their list, and can be undone."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from app.readmodel.copy_state import ReadModelFilling
from app.store.feed.cursor import before, parse_cursor
from tests.integration.products.forms.kit import page, post, rows, stock, undo
from tests.support.processes.running import App
from tests.support.waiting import until


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
