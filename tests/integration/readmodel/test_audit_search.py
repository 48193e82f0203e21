"""`GET /v1/events` and the Audit page search all events, and say how complete an answer is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.readmodel import read_model
from app.readmodel.events.event_fill import EventFill
from app.readmodel.events.qualifiers import parse
from app.store.access import saved_views
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application whose product B has 12 sales and a return, and whose product A is deleted."""
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("audit"))) as app:
        app.create("A", 5)
        app.create("B", 100)
        for number in range(12):
            app.adjust("B", -1 - number % 3)
        body = {
            "delta": 30,
            "reason": "returned",
            "note": "damaged in the rain",
            "reference": "R-7",
        }
        app.http.post("/v1/products/B/adjustments", json=body).raise_for_status()
        app.http.delete("/v1/products/A", headers={"If-Match": "*"}).raise_for_status()
        until(lambda: total(app, "") == 2 + 12 + 1 + 1)
        yield app


def search(app: App, q: str = "", **parameters: Any) -> dict[str, Any]:
    answer = app.http.get("/v1/events", params={"q": q, **parameters}).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def total(app: App, q: str) -> int:
    answer = app.http.get("/v1/events", params={"q": q, "total": "exact"})
    return int(answer.json()["total"]["count"]) if answer.status_code == 200 else -1


def kinds(found: dict[str, Any]) -> list[str]:
    return [event["data"]["kind"] for event in found["items"]]


@pytest.mark.parametrize(
    ("q", "count"),
    [
        ("kind:deleted", 1),
        ("product:B -kind:inserted", 13),
        ("reason:returned", 1),
        ("dama", 1),
        ('"damaged in"', 1),
        ('"damaged rain"', 0),
        ("reference:R-7", 1),
        ("delta:>=2 product:B -reason:returned kind:stock_changed", 8),
        ("created:<2020-01-01", 0),
        ("created:>=2020-01-01 actor:local", 16),
    ],
)
def test_search_finds_what_it_describes(app: App, q: str, count: int) -> None:
    found = search(app, q, total="capped")
    assert found["total"] == {"count": count, "exact": True}
    assert len(found["items"]) == count
    assert found["filling"] is None
    assert found["as_of"].endswith("Z")


def test_single_parameters_are_the_same_query(app: App) -> None:
    returned = search(app, "reason:returned")["items"]
    data = returned[0]["data"]
    for parameters in (
        {"reason": "returned"},
        {"reference": "R-7"},
        {"request_id": data["request_id"]},
        {"min_delta": "30", "since": "2020-01-01", "product_id": "B", "kind": "stock_changed"},
    ):
        assert search(app, **parameters)["items"] == returned
        assert search(app, "kind:deleted", **parameters)["items"] == []
    assert search(app, until="2020-01-01T00:00:00Z")["items"] == []


def test_filtered_pages_are_full_and_follow_one_another(app: App) -> None:
    every = search(app, "kind:inserted kind:deleted")["items"]
    assert [event["data"]["product_id"] for event in every] == ["A", "B", "A"]
    address: str | None = "/v1/events?kind=inserted&kind=deleted&limit=1"
    paged = []
    while address is not None:
        answer = app.http.get(address)
        assert len(answer.json()["items"]) == 1
        paged += answer.json()["items"]
        address = answer.links.get("next", {}).get("url")
    assert paged == every
    assert search(app, "kind:inserted kind:deleted", order="oldest")["items"] == every[::-1]
    assert search(app, after=every[-1]["cursor"], kind="deleted")["items"] == every[:1]


def test_every_event_of_a_query_is_read_a_page_at_a_time(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_model, "_EACH", 4)
    query = parse("product:B -kind:inserted", ZoneInfo("UTC"))
    ids = [event.id for event in app.services.read_model.each_event(query)]
    listed = search(app, "product:B -kind:inserted", order="oldest")["items"]
    assert ids == [event["id"] for event in listed]
    assert len(ids) == 13


@pytest.mark.parametrize(
    ("parameters", "status", "says"),
    [
        ({"q": "knd:deleted"}, 422, "changes cannot be searched by this. They can by kind, actor"),
        ({"reason": "stolen"}, 422, "received"),
        ({"since": "yesterday"}, 422, "since: 'yesterday' is no date or time"),
        ({"cursor": "e.oldest.1"}, 400, "is of a page with `order=oldest`"),
        ({"cursor": "x"}, 400, "`cursor` was not returned by a page"),
    ],
)
def test_wrong_search_says_what_is_wrong(
    app: App, parameters: dict[str, str], status: int, says: str
) -> None:
    answer = app.http.get("/v1/events", params=parameters)
    assert answer.status_code == status
    assert says in answer.text


def test_live_stream_refuses_conditions_that_it_does_not_have(app: App) -> None:
    headers = {"Accept": "text/event-stream"}
    answer = app.http.get("/v1/events", params={"q": "kind:deleted"}, headers=headers)
    assert answer.status_code == 422
    assert "The live stream has the filters kind" in answer.json()["detail"]


def test_unknown_product_s_events_are_not_found(app: App) -> None:
    assert app.http.get("/v1/products/none/events").json()["code"] == "product-not-found"
    assert kinds(app.http.get("/v1/products/A/events").json()) == ["deleted", "inserted"]


def test_views_are_saved_under_a_name_and_logged(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"q": "reason:returned", "order": "oldest"}
    assert put(app, "Returns 1", body).json() == {"name": "Returns 1", "kind": "events", **body}
    put(app, "Returns 1", {"q": "dama"}).raise_for_status()
    view = app.http.get("/v1/views/Returns%201").json()
    assert (view["q"], view["order"]) == ("dama", "newest")
    page = app.http.get("/audit", params={"view": "Returns 1"}).text
    assert "damaged in the rain" in page
    assert "1 change found" in page
    monkeypatch.setattr(saved_views, "MOST", 1)
    assert put(app, "another", {"q": ""}).json()["code"] == "too-many-views"
    assert app.http.delete("/v1/views/Returns%201").status_code == 204
    assert app.http.get("/v1/views").json()["items"] == []
    log = app.http.get("/v1/admin/log").json()["items"]
    assert [(row["action"], row["actor"]) for row in log[:3]] == [
        ("view deleted", "local"),
        ("view saved", "local"),
        ("view saved", "local"),
    ]
    assert (log[1]["before"]["q"], log[1]["after"]["q"]) == ("reason:returned", "dama")


def put(app: App, name: str, body: dict[str, str]) -> httpx.Response:
    return app.http.put(f"/v1/views/{name}", json=body)


@pytest.mark.parametrize(
    ("name", "q", "code"),
    [
        (" x", "", "invalid-view-name"),
        ("x" * 65, "", "invalid-view-name"),
        ("x", "a:b", "invalid-search"),
    ],
)
def test_invalid_view_is_not_saved(app: App, name: str, q: str, code: str) -> None:
    assert put(app, name, {"q": q}).json()["code"] == code
    assert app.http.get("/v1/views").json()["items"] == []


def test_audit_page_searches_pages_and_saves(app: App) -> None:
    first = app.http.get("/audit", params={"q": "product:B", "order": "oldest"})
    assert "14 changes found" in first.text
    assert first.text.count('class="row"') == 14
    assert re.search(
        r'<h2><time datetime="20[0-9-]{8}">[A-Z][a-z]+day [0-9]+ [A-Z][a-z]+ 20[0-9]{2}<',
        first.text,
    )
    wrong = app.http.get("/audit", params={"q": "knd:x"})
    assert wrong.status_code == 422
    assert "cannot be searched by this" in wrong.text
    saved = app.http.post("/audit/views", data={"name": "B", "q": "product:B", "order": "newest"})
    assert saved.status_code == 303
    assert saved.headers["Location"] == "/audit?view=B"
    refused = app.http.post("/audit/views", data={"name": "", "q": "product:B"})
    assert refused.status_code == 422
    assert "is not allowed as a search" in refused.text
    app.http.post("/audit/views/delete", data={"name": "B"})
    assert app.http.get("/audit", params={"view": "B"}).status_code == 404


def test_filters_of_the_live_stream_work_before_the_copy_has_all_events(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventFill, "run", lambda self, stop, made: stop.wait())
    with serving(settings_for(endpoint, tmp_path)) as app:
        app.create("A", 5)
        until(lambda: kinds(search(app, kind="inserted")) == ["inserted"])
        page = search(app, total="exact")
        assert (page["total"], page["filling"]) == (None, {"scanned": 0, "expected": None})
        answer = app.http.get("/v1/events", params={"q": "kind:inserted"})
        assert (answer.status_code, answer.json()["code"]) == (503, "read-model-filling")
        assert "still reading the changes: 0" in answer.json()["detail"]
        shown = app.http.get("/audit", params={"q": "kind:inserted"})
        assert "Search is being prepared" in shown.text
