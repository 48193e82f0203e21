"""The Analytics page has the figures of the API, and each leads to the changes that it counts."""

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.readmodel.copy_state import CopyState, Filling
from app.readmodel.database import Database
from app.readmodel.read_model import ReadModel
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

PAGE = {"Accept": "text/html"}
EVENTS = 9


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A shop in Kolkata with pieces and kilograms."""
    settings = settings_for(
        endpoint,
        tmp_path_factory.mktemp("page"),
        timezone="Asia/Kolkata",
        currency="INR",
        unit_attribute="Unit",
    )
    with serving(settings) as running:
        running.create("A", 10, price="2.50", category="Tea", name="<b>Assam</b>")
        running.create("B", 7, category="Cups")
        running.create("R", 12, category="Tea", unit="kg", price="1")
        running.adjust("A", -2)
        running.adjust("A", -1)
        running.adjust("A", 12, "received")
        running.adjust("R", -2)
        running.http.delete("/v1/products/B", headers={"If-Match": "*"})
        running.put_outside(ProductID="D", ProductName="outside")
        until(lambda: running.services.read_model.state.events.filled)
        until(lambda: len(found(running, "")) == EVENTS)
        yield running


def found(app: App, q: str) -> list[Any]:
    answer = app.http.get("/v1/events", params={"q": q, "limit": 200})
    return list(answer.json()["items"]) if answer.status_code == 200 else []


def page(app: App, status: int = 200, **parameters: str) -> str:
    answer = app.http.get("/analytics", params=parameters, headers=PAGE)
    assert answer.status_code == status, answer.text
    return answer.text


def counted(app: App, href: str) -> int:
    """How many changes the Audit has under a link of the page."""
    (q,) = parse_qs(urlsplit(html.unescape(href)).query)["q"]
    return len(found(app, q))


def legend(text: str) -> dict[str, tuple[str, str]]:
    """What each reason moved, and its link."""
    items = re.findall(
        r'class="swatch" data-group="\w+"[^>]*></span><a href="([^"]*)">([^<]*)</a> <span>([^<]*)<',
        text,
    )
    return {word: (moved, href) for href, word, moved in items}


def rows(text: str, table: str) -> list[list[str]]:
    """The cells of a table, as text."""
    (body,) = re.findall(rf'data-figures="{table}">.*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr")[1:])
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in cells]


def test_movement_is_that_of_the_api_and_leads_to_its_changes(app: App) -> None:
    text = page(app, range="24h")
    shown = legend(text)
    assert {word: moved for word, (moved, _) in shown.items()} == {
        "Received": "+12",
        "Sold": "−3",
        "New products": "+17",
        "Deleted products": "−7",
    }
    # Links find the changes of all units: kilograms were sold once, and R was new, too.
    assert {word: counted(app, href) for word, (_, href) in shown.items()} == {
        "Received": 1,
        "Sold": 3,
        "New products": 3,
        "Deleted products": 1,
    }
    api = app.http.get("/v1/analytics/movement", params={"range": "24h", "bucket": "hour"}).json()
    sums = [
        next((one for one in item["sums"] if one["unit"] is None), {"units_in": 0, "units_out": 0})
        for item in api["items"]
    ]
    assert [row[1:3] for row in rows(text, "movement")] == [
        [f"{one['units_in']}", f"{one['units_out']}"] for one in sums
    ]
    kilograms = legend(page(app, range="24h", unit="kg"))
    assert {word: moved for word, (moved, _) in kilograms.items()} == {
        "Sold": "−2",
        "New products": "+12",
    }


def test_tiles_never_add_up_different_units(app: App) -> None:
    text = page(app)
    assert "<b>29</b><span>12 kg</span><small>no data before</small>" in text
    assert "<b>10</b><span>2 kg</span><small>no data before</small>" in text
    assert f"<b>{EVENTS}</b><small>no data before</small>" in text
    assert "<dt>Stock value, INR</dt><dd><b>57.50</b>" in text
    assert "times in Asia/Kolkata" in text


def test_changes_and_value_are_those_of_the_api_for_a_category_too(app: App) -> None:
    expected = (("", EVENTS, "57.50"), ("Tea", 6, "57.50"), ("Cups", 2, "0.00"))
    for category, events, value in expected:
        text = page(app, range="7d", category=category)
        counts = [int(row[1]) for row in rows(text, "rate")]
        assert (len(counts), sum(counts)) == (7, events)
        assert rows(text, "value")[-1][1] == value
        given = {"range": "7d", "bucket": "day"} | ({"category": category} if category else {})
        rate = app.http.get("/v1/analytics/event-rate", params=given).json()
        assert counts == [one["events"] for one in rate["items"]]
        rest = text.split('data-figures="rate"')[1]
        links = re.findall(r'<th scope="row"><a href="([^"]*)"', rest)
        assert counted(app, links[-1]) == counts[-1]
    assert [row[2] for row in rows(page(app), "rate")][-1] == "1"  # made by another program


def test_movers_are_those_of_the_period(app: App) -> None:
    match = re.search(r'name="from"[^>]*max="([^"]*)"', page(app))
    assert match is not None
    today = page(app, **{"from": match[1]})
    for text in (page(app, range="7d"), page(app, range="24h"), today):
        panel = text.split('id="movers-title"')[1].split("</table>")[0]
        bars, movers = panel.split("<table")
        assert "Assam" in bars
        assert re.findall(r"<bdi>(.*?)</bdi>", movers) == [
            "&lt;b&gt;Assam&lt;/b&gt;",
            "Name of R",
        ]
        assert '<td class="number">2 kg</td>' in movers
        (link, *_) = re.findall(r'<a href="([^"]*)" aria-label="Changes of', movers)
        assert counted(app, link) == 4


def test_wrong_days_are_explained_and_kept(app: App) -> None:
    text = page(app, 422, **{"from": "2026-02-30", "to": "2026-03-01", "category": "Tea"})
    assert "The first day is no day: write it as 2026-01-31." in text
    assert 'name="from" value="2026-02-30"' in text
    assert "<option selected>Tea" in text
    assert "range=1y" not in page(app, range="")
    assert "Request <code>" in page(app, 422, range="1y")


def test_category_without_movement_says_so(app: App) -> None:
    text = page(app, category="<i>Hats</i>")
    assert "Nothing was sold, received or counted in <bdi>&lt;i&gt;Hats" in text
    assert "No product was sold in this period." in text


def test_copy_that_is_filled_says_how_far_it_is(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    events = Filling(filled=False, scanned=30, expected=90)
    state = CopyState(filled=True, scanned=4, expected=4, events=events, lag=0, trouble="")
    monkeypatch.setattr(ReadModel, "state", property(lambda self: state))
    text = page(app)
    assert "The figures appear once the server has read all changes: 33 %." in text
    assert "figure-tiles" not in text


def test_copy_that_cannot_be_read_is_an_error_with_the_request(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Database) -> AbstractContextManager[sqlite3.Connection]:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Database, "reading", failing)
    assert "Request <code>" in page(app, 503)


def test_shop_without_changes_says_how_to_begin(filled: App) -> None:
    text = page(filled)
    assert "No figures yet" in text
    assert "Add a product" in text
