"""The Audit page answers every question without JavaScript: each is a link or a form."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A shop that sold product B three times and deleted product A."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("audit"))) as app:
        app.create("A", 5)
        app.create("B", 100, name="Blue kettle")
        for _ in range(3):
            app.adjust("B", -2)
        app.http.delete("/v1/products/A", headers={"If-Match": "*"}).raise_for_status()
        until(lambda: len(events(app)) == 6)
        yield app


def events(app: App, q: str = "") -> list[dict[str, Any]]:
    answer = app.http.get("/v1/events", params={"q": q})
    return answer.json()["items"] if answer.status_code == 200 else []


def page(app: App, path: str = "/audit", **parameters: str) -> str:
    answer = app.http.get(path, params=parameters, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def links(text: str, what: str) -> list[str]:
    """The searches that the links with this attribute lead to."""
    found = re.findall(rf'<a class="{what}" href="([^"]*)"', text)
    return [parse_qs(urlsplit(html.unescape(one)).query).get("q", [""])[0] for one in found]


def test_conditions_are_chips_that_remove_themselves(app: App) -> None:
    assert links(page(app, q="product:B kind:stock_changed"), "chip")[:2] == [
        "kind:stock_changed",
        "product:B",
    ]


def test_wrong_condition_is_marked_and_explained_with_its_place(app: App) -> None:
    answer = app.http.get("/audit", params={"q": "product:B knd:sold"}, headers=PAGE)
    assert answer.status_code == 422
    assert "not valid at character 11, knd:sold: changes cannot be searched by this" in answer.text
    assert re.search(r'class="chip wrong"[^>]*aria-label="Remove knd:sold"', answer.text)


def test_facets_count_the_search_and_lead_to_narrower_ones(app: App) -> None:
    assert "Count by kind" in page(app)
    whole = page(app, facets="1")
    part = page(app, "/audit/facets", q="product:B")
    assert re.findall(r"<bdi>([^<]*)</bdi>\s*<span class=\"count\">(\d+)<", part) == [
        ("stock changed", "3"),
        ("new", "1"),
        ("sold", "3"),
        ("local", "4"),
    ]
    assert "product:B kind:stock_changed" in links(part, "add")
    assert "product:B -kind:stock_changed" in links(part, "not")
    assert "Count by kind" not in whole
    assert "reason:sold" in links(whole, "add")


def test_days_become_a_condition_of_the_search(app: App) -> None:
    answer = app.http.get("/audit", params={"q": "tea", "from": "2026-11-01", "to": "2026-11-02"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {
        "q": ["tea created:2026-11-01..2026-11-02"]
    }


def test_chosen_event_is_shown_beside_the_list_and_stays_chosen_in_its_address(app: App) -> None:
    sale = events(app, "reason:sold")[0]
    shown = page(app, q="reason:sold", event=sale["id"])
    assert shown.count('class="row"') == 3
    assert shown.count('class="open"') == 3
    assert re.search(rf'event={sale["id"]}" aria-current="true"', shown)
    assert '<tr><th scope="row"><bdi>Stock</bdi></th><td><bdi>96</bdi></td>' in shown
    part = page(app, "/audit/event", q="reason:sold", event=sale["id"])
    assert " ".join(part.split()) in " ".join(shown.split())
    assert f'name="back" value="/audit?q=reason%3Asold&amp;event={sale["id"]}"' in part


def test_event_has_a_page_for_ever_that_its_reversal_leads_to(app: App) -> None:
    app.create("C", 5)
    app.adjust("C", -2)
    until(lambda: len(events(app, "product:C")) == 2)
    sale = events(app, "product:C")[0]["id"]
    shown = page(app, f"/audit/{sale}")
    assert "5 → 3 (−2)" in shown
    assert f"/v1/events/{sale}" in shown
    app.http.post(f"/v1/events/{sale}/reversals", json={}).raise_for_status()
    until(lambda: len(events(app, "product:C")) == 3)
    reversal = events(app, "product:C")[0]["id"]
    assert f'<a href="/audit/{sale}">this change</a>' in page(app, f"/audit/{reversal}")


@pytest.mark.parametrize("address", ["nothing", "UDEAMjAyNiMx"])
def test_page_of_an_unknown_event_says_what_to_do(app: App, address: str) -> None:
    answer = app.http.get(f"/audit/{address}", headers=PAGE)
    assert answer.status_code == 404
    assert "No change has this address. Check the address" in answer.text
    beside = page(app, event=address)
    assert "This change does not exist, or it is no longer kept." in beside


def test_selected_changes_are_undone_and_each_says_what_became_of_it(app: App) -> None:
    app.create("D", 10)
    app.adjust("D", -1)
    app.adjust("D", -2)
    until(lambda: len(events(app, "product:D")) == 3)
    ids = [event["id"] for event in events(app, "product:D reason:sold")]
    first = undo(app, ids)
    assert "2 of 2 changes were undone" in first.text
    assert app.http.get("/v1/products/D").json()["stock"] == 10
    again = undo(app, ids[:1])
    assert "0 of 1 change was undone" in again.text
    assert "This change was undone before, and that can be done once." in again.text
    shown = page(app, f"/audit/{ids[0]}")
    assert "This change was undone: <a href=" in shown
    assert "Undo this change" not in shown
    assert 'href="/audit?q=product%3AD"' in again.text
    assert undo(app, []).status_code == 303


def undo(app: App, ids: list[str]) -> httpx.Response:
    fields = {"event": ids, "back": "/audit?q=product%3AD"}
    return app.http.post("/audit/undo", data=fields, headers=PAGE)


def test_search_is_exported_as_it_is_shown(app: App) -> None:
    assert "Export 3 changes" in page(app, "/audit/export", q="product:B reason:sold")
    parameters = {"q": "product:B reason:sold", "order": "oldest", "format": "csv"}
    answer = app.http.get("/audit/export/file", params=parameters)
    header, *rows = answer.content.decode("utf-8-sig").splitlines()
    column = header.split(",").index("stock_after")
    assert [row.split(",")[column] for row in rows] == ["98", "96", "94"]
    started = app.http.post("/audit/export", params={"q": "reason:sold"})
    assert started.headers["Location"] == "/audit/export?q=reason%3Asold"
    until(lambda: ".xlsx</a>" in page(app, "/audit/export"))


def test_saved_search_is_renamed_and_keeps_what_it_finds(app: App) -> None:
    save = {"name": "Sales", "q": "reason:sold", "order": "oldest"}
    app.http.post("/audit/views", data=save)
    app.http.post("/audit/views", data={**save, "name": "Other"})
    answer = app.http.post("/audit/views/rename", data={"name": "Sales", "new_name": "Sold"})
    assert answer.headers["Location"] == "/audit?view=Sold"
    assert app.http.get("/v1/views/Sold").json()["q"] == "reason:sold"
    assert app.http.get("/v1/views/Sales").status_code == 404
    taken = app.http.post(
        "/audit/views/rename", data={"name": "Sold", "new_name": "Other"}, headers=PAGE
    )
    assert taken.status_code == 409
    assert "There is a search with this name already" in taken.text
    log = app.http.get("/v1/admin/log").json()["items"]
    assert (log[0]["action"], log[0]["after"]["name"]) == ("view renamed", "Sold")
    other = {"name": "Sold", "q": "reason:lost", "order": "newest"}
    asked = app.http.post("/audit/views", data=other, headers=PAGE)
    assert asked.status_code == 409
    assert "A search named “Sold” exists already: it was not changed." in asked.text
    assert '<input name="name" value="Sold"' in asked.text
    assert app.http.get("/v1/views/Sold").json()["q"] == "reason:sold"
    replaced = app.http.post("/audit/views", data={**other, "replace": "yes"}, headers=PAGE)
    assert replaced.headers["Location"] == "/audit?view=Sold"
    assert app.http.get("/v1/views/Sold").json()["q"] == "reason:lost"
    for name in ("Sold", "Other"):
        app.http.post("/audit/views/delete", data={"name": name})


def test_changes_made_outside_are_found_by_a_filter_and_a_qualifier(app: App) -> None:
    app.put_outside(ProductID="OUT", ProductName="Vase", Stock=4)
    until(lambda: len(events(app, "product:OUT")) == 1)
    for given in ({"outside": "true"}, {"q": "outside:true"}):
        found = app.http.get("/v1/events", params=given).json()["items"]
        assert [event["data"]["product_id"] for event in found] == ["OUT"], given
    others = app.http.get("/v1/events", params={"outside": "false", "limit": 200}).json()["items"]
    assert others
    assert all(event["data"]["actor"] for event in others)


def test_new_changes_are_counted_after_the_newest_that_the_page_shows(app: App) -> None:
    after = re.search(r'data-after="([^"]*)" data-q="kind:inserted"', page(app, q="kind:inserted"))
    assert after is not None
    app.create("E", 1)
    app.adjust("E", 1)
    parameters = {"q": "kind:inserted", "after": after[1], "total": "capped", "limit": "1"}

    def total() -> int:
        return int(app.http.get("/v1/events", params=parameters).json()["total"]["count"])

    until(lambda: total() == 1)


def test_page_without_events_says_why(app: App) -> None:
    assert "No change matches this search." in page(app, q="product:none")
