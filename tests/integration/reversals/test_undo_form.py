"""The undo form of a page takes a change back without JavaScript, or explains why it cannot."""

import re

import httpx
import pytest

from tests.integration.reversals.undoing import delete, edit, events_of, reverse, stored
from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def undo(app: App, back: str = "/", **fields: str) -> httpx.Response:
    return app.http.post("/undo", data={"back": back, **fields}, headers={"Accept": "text/html"})


def test_undone_sale_returns_to_its_page_with_a_confirmation(app: App) -> None:
    app.create("ua", stock=12)
    app.adjust("ua", -3)
    sale = events_of(app, "ua", 2)[1]
    answer = undo(app, "/audit?q=product%3Aua&undone=old", event=sale["id"])
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/audit?q=product%3Aua&undone={sale['id']}"
    assert stored(app, "ua")["Stock"] == {"N": "12"}
    page = app.http.get(answer.headers["Location"], headers={"Accept": "text/html"}).text
    assert "The change was undone." in page
    assert f'name="reversal_of" value="{sale["id"]}"' in page


def test_undo_is_undone_by_the_confirmation(app: App) -> None:
    app.create("ub", stock=12)
    app.adjust("ub", -3)
    sale = events_of(app, "ub", 2)[1]
    undo(app, event=sale["id"])
    reversal = events_of(app, "ub", 3)[2]
    answer = undo(app, reversal_of=sale["id"])
    assert answer.headers["Location"] == f"/?undone={reversal['id']}"
    assert stored(app, "ub")["Stock"] == {"N": "9"}


def test_deleted_product_is_restored(app: App) -> None:
    app.create("uc", stock=4)
    delete(app, "uc")
    deletion = events_of(app, "uc", 2)[1]
    assert undo(app, event=deletion["id"]).status_code == 303
    assert stored(app, "uc")["Stock"] == {"N": "4"}


def test_field_that_changed_again_is_shown_before_after_and_now(app: App) -> None:
    app.create("ud", price="2")
    edit(app, "ud", price="3")
    edit(app, "ud", price="4")
    first = events_of(app, "ud", 3)[1]
    answer = undo(app, "/audit", event=first["id"])
    assert answer.status_code == 409
    assert "<h1>Changed again since</h1>" in answer.text
    assert re.search(
        r'<th scope="row">Price</th>\s*<td>2</td>\s*<td>3</td>\s*<td>4</td>', answer.text
    )
    assert 'href="/audit" role="button"' in answer.text
    assert stored(app, "ud")["Price"] == {"N": "4"}


def test_change_that_was_undone_before_offers_to_undo_the_undo(app: App) -> None:
    app.create("ue", stock=12)
    app.adjust("ue", -3)
    sale = events_of(app, "ue", 2)[1]
    reverse(app, sale)
    answer = undo(app, event=sale["id"])
    assert answer.status_code == 409
    assert "<h1>Undone already</h1>" in answer.text
    assert f'name="reversal_of" value="{sale["id"]}"' in answer.text


def test_undo_that_would_need_more_stock_than_there_is_says_so(app: App) -> None:
    app.create("uf", stock=0)
    app.adjust("uf", 5, "received")
    app.adjust("uf", -5)
    delivery = events_of(app, "uf", 3)[1]
    answer = undo(app, event=delivery["id"])
    assert answer.status_code == 409
    assert "<h1>Not enough stock to undo this</h1>" in answer.text


@pytest.mark.parametrize("field", ["event", "reversal_of"])
def test_unknown_change_is_not_found(app: App, field: str) -> None:
    answer = undo(app, **{field: "nothing"})
    assert answer.status_code == 404
    assert "<h1>Change not found</h1>" in answer.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "",
        "//[",
    ],
)
def test_form_returns_to_pages_of_this_site_only(app: App, elsewhere: str) -> None:
    answer = undo(app, elsewhere, event="nothing")
    assert 'href="/" role="button" data-part="back">Back' in answer.text
