"""A list of events as CSV, NDJSON or XLSX has all of it, whatever happens meanwhile."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest

from app.web.api import events
from app.web.api.products import product_reads
from app.web.exports import export_build, export_file
from app.web.requests.exports import event_exports
from tests.support.http.exported import cells_of, csv_rows
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

CSV, NDJSON = {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("events"))) as running:
        running.create("007", 10, name="=1+1", category="Tea")
        running.create("P2", 20, name="Kettle")
        for delta in (-1, -2, -3):
            running.adjust("007", delta)
        until(lambda: len(items(running)) == 5)
        until(lambda: running.services.read_model.state.events.filled)
        yield running


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_exports, "PAGE", 2)


def items(app: App, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = app.http.get("/v1/events", params=query).json()["items"]
    return [{name: value for name, value in one.items() if name != "cursor"} for one in found]


def column(content: bytes, name: str) -> list[str]:
    names, *rows = csv_rows(content)
    return [row[names.index(name)] for row in rows]


@pytest.mark.parametrize(
    "query", [{}, {"order": "oldest"}, {"kind": "stock_changed"}, {"q": "-kind:inserted 007"}]
)
def test_csv_and_ndjson_have_every_page_of_the_list(app: App, query: dict[str, str]) -> None:
    expected = items(app, **query)
    assert len(expected) >= 3
    lines = app.http.get("/v1/events", params=query, headers=NDJSON)
    assert [json.loads(line) for line in lines.text.splitlines()] == expected
    assert lines.headers["As-Of"]
    csv = app.http.get("/v1/events", params=query, headers=CSV).content
    assert column(csv, "id") == [event["id"] for event in expected]
    assert column(csv, "delta") == [str(event["data"]["delta"]) for event in expected]


def test_text_is_harmless_unless_the_reader_wants_it_as_it_is(app: App) -> None:
    query = {"product_id": "007", "kind": "inserted"}
    csv = app.http.get("/v1/events", params=query, headers=CSV).content
    assert column(csv, "product_name") == ["'=1+1"]
    raw = app.http.get("/v1/events", params=query | {"safe": "false"}, headers=CSV).content
    assert column(raw, "product_name") == ["=1+1"]


def test_with_a_limit_it_is_a_page(app: App) -> None:
    first = app.http.get("/v1/events?limit=3", headers=CSV)
    rest = app.http.get(first.links["next"]["url"], headers=CSV)
    found = column(first.content, "id") + column(rest.content, "id")
    assert found == [event["id"] for event in items(app)]
    assert "next" not in rest.links


def test_page_is_still_json_and_the_stream_still_a_stream(app: App) -> None:
    assert app.http.get("/v1/events").headers["Content-Type"] == "application/json"
    with app.http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")


def built(app: App, **order: Any) -> tuple[dict[str, Any], bytes]:
    answer = app.http.post("/v1/exports", json={"of": "events"} | order)
    assert answer.status_code == 202, answer.text
    location = answer.headers["Location"]
    until(lambda: app.http.get(location).json()["state"] == "ready")
    export = app.http.get(location).json()
    content = app.http.get(export["file"]).content
    app.http.delete(location)
    return export, content


def test_file_is_equal_to_the_download(app: App) -> None:
    query = {"q": "007", "kind": ["stock_changed"], "order": "oldest"}
    for form, headers in (("csv", CSV), ("ndjson", NDJSON)):
        export, content = built(app, format=form, query=query)
        assert (export["of"], export["rows_done"], export["rows_total"]) == ("events", 3, 3)
        assert content == app.http.get("/v1/events", params=query, headers=headers).content


def test_spreadsheet_has_text_and_numbers(app: App, tmp_path: Path) -> None:
    _, content = built(app, format="xlsx", query={"product_id": "007", "order": "oldest"})
    path = tmp_path / "events.xlsx"
    path.write_bytes(content)
    names, *rows = [list(row.items()) for row in cells_of(path)]
    letters = {name: letter for letter, (_, name) in names}
    assert [dict(row)[letters["delta"]] for row in rows] == [
        ("n", number) for number in ("10", "-1", "-2", "-3")
    ]
    assert {dict(row)[letters["product_id"]] for row in rows} == {("inlineStr", "007")}
    assert dict(rows[0])[letters["product_name"]] == ("inlineStr", "=1+1")


def test_too_many_rows_for_a_spreadsheet_are_refused_before(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "MOST_ROWS", 4)
    answer = app.http.post("/v1/exports", json={"of": "events", "format": "xlsx"})
    assert (answer.status_code, answer.json()["code"]) == (422, "export-too-large")
    assert "5 events" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"sort": "id"}, "/query/sort"),  # of products
        ({"kind": ["sold"]}, "/query/kind/0"),
        ({"min_delta": 0}, "/query/min_delta"),
        ({"order": "any"}, "/query/order"),
    ],
)
def test_wrong_query_is_explained(app: App, query: dict[str, Any], pointer: str) -> None:
    order = {"of": "events", "format": "csv", "query": query}
    answer = app.http.post("/v1/exports", json=order)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("path", ["/v1/events?limit=2", "/v1/products?limit=2"])
@pytest.mark.parametrize("headers", [{}, CSV, NDJSON])
def test_page_is_encoded_in_a_thread_of_its_own(
    app: App, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str]
) -> None:
    threads: list[str] = []

    def watched(right: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            threads.append(current_thread().name)
            return right(*given)

        return call

    for module, name in (
        (events, "cloud_event"),
        (product_reads, "product_out"),
        (export_file, "encoded"),
    ):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    assert app.http.get(path, headers=headers).status_code == 200
    assert {name.partition(" thread")[0] for name in threads} == {"AnyIO worker"}
