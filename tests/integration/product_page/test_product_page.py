"""The page of one product shows how it is and was, after its deletion, too."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.core.keys import TEXT_KEY
from tests.integration.product_page.asking import ask, cells, once, page, rows
from tests.integration.reversals.undoing import delete, edit, events_of
from tests.integration.store.keyed import create_table
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def chart(shown: str) -> dict[str, Any]:
    found = re.search(r"data-chart='?\"?({.*?})['\"]", shown)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_header_and_facts(app: App) -> None:
    app.create("fa", stock=4, price="2.50", reorder_point=5, barcode="4006381333931", tags=["red"])
    shown = page(app, "fa")
    assert "<h1><bdi>Name of fa</bdi></h1>" in shown
    assert re.search(r'<a class="badge attention" href="/alerts/product\?id=[^"]+">low</a>', shown)
    assert re.search(r"<dt>Value</dt><dd>10\.00 EUR", shown)
    assert "4006381333931" in shown
    assert "/products/adjust?id=fa&back=/products/history%3Fid%3Dfa" in shown.replace("%2F", "/")


@pytest.mark.parametrize(("stock", "badge"), [(0, "out"), (3, ""), (-2, "negative")])
def test_badge_says_what_needs_attention(app: App, stock: int, badge: str) -> None:
    app.put_outside(ProductID=f"fb{stock}", ProductName="Mug", Stock=stock)
    found = re.findall(r'class="badge [a-z]+"[^>]*>(\w+)</', page(app, f"fb{stock}"))
    assert found == ([badge] if badge else [])


def test_chart_follows_the_changes_and_ends_with_the_stock_now(app: App) -> None:
    app.create("fc", stock=10, reorder_point=6)
    app.adjust("fc", -3)
    app.http.post("/v1/products/fc/counts", json={"counted": 9})
    events_of(app, "fc", 3)
    data = chart(once(app, "fc", '"counted"'))
    assert data["stock"] == [10, 7, 9, 9]
    assert data["times"] == sorted(data["times"])
    assert data["low"] == 6
    assert [what for _, what in data["marks"]] == ["inserted", "counted"]
    for period in ("24h", "30d", "all"):  # a new product has the whole width
        found = chart(page(app, "fc", range=period))
        assert found["times"][0] - 2 <= found["since"] <= found["times"][0]


def test_figures_are_a_table_for_those_who_see_no_chart(app: App) -> None:
    app.create("fd", stock=10)
    app.adjust("fd", -3)
    events_of(app, "fd", 2)
    stocks = partial(re.findall, r'<td class="number">(\d+)</td>')
    until(lambda: stocks(page(app, "fd")) == ["7", "7", "10"])


def test_timeline_has_tabs_for_stock_and_fields(app: App) -> None:
    app.create("fe", stock=10, price="2")
    app.adjust("fe", -3)
    edit(app, "fe", price="3", name="Jug")
    edit(app, "fe", stock=5, category="Kitchen")
    events_of(app, "fe", 4)
    everything = once(app, "fe", "Kitchen")
    assert len(rows(everything)) == 4
    assert 'class="diffs"' not in everything, "the rows themselves have room for these"
    stock = once(app, "fe", "5 (", tab="stock")
    assert [one.split(";")[0] for one in rows(stock)] == [
        "7 → 5 (−2)",
        "10 → 7 (−3)",
        "10 in stock",
    ]
    fields = once(app, "fe", "Kitchen", tab="fields")
    assert len(rows(fields)) == 2
    assert cells(fields, 0) == [["Category", "none", "Kitchen"]]
    assert cells(fields, 1) == [["Price", "2", "3"], ["ProductName", "Name of fe", "Jug"]]


def test_long_values_are_under_their_row_before_and_after(app: App) -> None:
    app.put_outside(ProductID="fl", ProductName="Mug", Stock=1, remark="old " * 30)
    app.put_outside(ProductID="fl", ProductName="Mug", Stock=1, remark="new " * 30)
    events_of(app, "fl", 2)
    ((name, *texts),) = cells(page(app, "fl"))
    assert name == "remark"
    assert [text.split()[0] for text in texts] == ["old", "new"]


def test_date_jump_goes_back_from_the_end_of_that_day(app: App) -> None:
    app.create("ff", stock=10)
    events_of(app, "ff", 1)
    today = datetime.now(UTC).date()
    assert len(rows(once(app, "ff", "10 in stock", day=str(today)))) == 1
    before = page(app, "ff", day=str(today - timedelta(1)))
    assert "No older changes." in before
    for wrong in ("soon", str(today + timedelta(2))):
        answer = ask(app, "ff", day=wrong)
        assert answer.status_code == 422
        assert "day:" in answer.text


def test_older_changes_are_a_page_each(app: App) -> None:
    app.create("fg", stock=100)
    for _ in range(51):
        app.adjust("fg", -1)
    events_of(app, "fg", 52)
    first = page(app, "fg")
    assert len(rows(first)) == 50
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older is not None
    assert rows(app.http.get(older[1]).text)[-1] == "100 in stock"


@pytest.mark.embedded  # DynamoDB Local gives the times of records in whole minutes
def test_version_of_a_time_stands_beside_the_one_of_now(app: App) -> None:
    app.create("fh", stock=10, price="2")
    (created,) = events_of(app, "fh", 1)
    until(
        lambda: (
            datetime.now(UTC)
            > datetime.fromisoformat(created["occurred_at"]) + timedelta(seconds=1.2)
        )
    )
    edit(app, "fh", price="3", category="Kitchen")
    shown = once(app, "fh", "Then", at=created["occurred_at"])
    assert cells(shown) == [["Category", "none", "Kitchen"], ["Price", "2.00", "3.00"]]
    assert "/products/restore?id=fh&at=" in shown
    assert "nothing is known" in page(app, "fh", at="2020-01-01").lower()
    assert "Nothing has changed since." in page(app, "fh", at=datetime.now(UTC).isoformat())


def test_slider_without_a_script_leads_to_the_version_of_its_place(app: App) -> None:
    app.create("fi", stock=10)
    hour = {"since": 1_700_000_000, "until": 1_700_003_600}
    answer = ask(app, "fi", point=500, tab="stock", **hour)
    assert answer.status_code == 303
    assert answer.headers["Location"] == (
        "/products/history?id=fi&tab=stock&at=2023-11-14T22%3A43%3A20#version"
    )
    now = ask(app, "fi", point=1000, at="2026-01-01", **hour)
    assert now.headers["Location"] == "/products/history?id=fi#version"


def test_deleted_product_keeps_its_page_and_is_restored_from_there(app: App) -> None:
    app.create("fj", stock=4, price="2")
    delete(app, "fj")
    shown = once(app, "fj", ">Restore</button>")
    assert '<span class="badge gone">deleted</span>' in shown
    assert "<strong>4</strong> in stock at last" in shown
    assert "/products/edit" not in shown
    assert "Days left" not in shown
    assert 'action="/products/undelete?id=fj"' in shown
    data = {"back": "/products/history?id=fj"}
    answer = app.http.post("/products/undelete?id=fj", data=data)
    assert answer.headers["Location"] == "/products/history?id=fj&done=restored&saved=fj#saved"
    assert "Restored" in app.http.get(answer.headers["Location"]).text
    assert app.http.get("/v1/products/fj").json()["stock"] == 4
    assert "Adjust" in page(app, "fj")


def test_unknown_id_is_not_found_and_offers_the_search(app: App) -> None:
    answer = ask(app, "nobody <b>")
    assert answer.status_code == 404
    assert "No product has this ID" in answer.text
    assert 'type="search" name="q" value="nobody &lt;b&gt;"' in answer.text


def test_long_texts_are_cut_with_the_whole_one_step_away(app: App) -> None:
    long_id, name, text = "i" * 2048, "N" * 200, "t" * 10_000
    app.put_outside(ProductID=long_id, ProductName=name, Stock=1, remark=text)
    shown = page(app, long_id)
    for whole, short in ((long_id, 64), (name, 90), (text, 120)):
        assert f"<bdi>{whole[:short]}…</bdi>" in shown
        assert f"<p><bdi>{whole}</bdi>" in shown


def test_history_is_a_file(app: App) -> None:
    app.create("fk", stock=10)
    app.adjust("fk", -3)
    events_of(app, "fk", 2)

    def lines() -> list[str]:
        answer = app.http.get("/products/history/file?id=fk&format=csv")
        assert "attachment" in answer.headers["Content-Disposition"]
        return answer.text.splitlines()

    assert len(until(lambda: found if len(found := lines()) == 3 else None)) == 3


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_page_says_what_the_stream_leaves_out(endpoint: str, tmp_path: Path, view: str) -> None:
    table = f"views-{tmp_path.name[-30:]}"
    create_table(endpoint, TEXT_KEY, view, table)
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        app.create("P", stock=5)
        app.adjust("P", -1)
        events_of(app, "P", 2)
        shown = once(app, "P", "data-chart")
        assert f"<code>{view}</code>" in shown
        sale = re.search(r'<button class="undo"[^>]*>', shown)
        assert sale is not None
        assert "hidden" in sale[0]
        problem = page(app, "P", at=datetime.now(UTC).isoformat())
        assert ("has no new images" in problem) == (view != "NEW_IMAGE")
        delete(app, "P")
        events_of(app, "P", 3)
        gone = page(app, "P")
        assert (">Restore</button>" in gone) == (view == "OLD_IMAGE")
        assert (f"view type {view} leaves out" in gone) == (view != "OLD_IMAGE")
