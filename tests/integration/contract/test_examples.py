"""The examples in the OpenAPI document work: they are sent in order, and the responses match."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.web.contract.examples import product_examples
from app.web.contract.examples.analytics_examples import ANALYTICS_EXAMPLES
from app.web.contract.examples.export_examples import EXPORT_EXAMPLES
from app.web.contract.examples.import_examples import IMPORT_EXAMPLES
from app.web.contract.examples.reversal_examples import DELETION, REVERSAL_EXAMPLES
from app.web.contract.examples.sink_examples import SINK_EXAMPLES
from app.web.contract.examples.view_examples import VIEW_EXAMPLES
from tests.integration.consumers.webhooks import with_rebuilds, with_webhook
from tests.support.http.receiver import receiving
from tests.support.processes.running import App
from tests.support.waiting import until

_DATA = ("products", "events", "views", "reversals", "exports", "imports", "analytics", "sinks")
_PATHS = tuple(f"/v1/{name}" for name in _DATA)

EXAMPLES = {
    **product_examples.EXAMPLES,
    **REVERSAL_EXAMPLES,
    **EXPORT_EXAMPLES,
    **IMPORT_EXAMPLES,
    **ANALYTICS_EXAMPLES,
    **VIEW_EXAMPLES,
    **SINK_EXAMPLES,
}
BEGINNING = 7  # examples, of a product's first sale; trends are those of these
ORDER = [*list(product_examples.EXAMPLES)[:BEGINNING], *ANALYTICS_EXAMPLES]
ORDER += [name for name in EXAMPLES if name not in ORDER]

# Fields that differ each time: times, hashes, ids of requests and events.
_DIFFERS = {
    "as_of",
    "created_at",
    "updated_at",
    "signature",
    "time",
    "occurred_at",
    "etag",
    "request_id",
    "id",
    "event_key",
    "sequence_number",
    "source",
    "cursor",
    "next_cursor",
    "lag_seconds",
    "lag_events",
    "owner",
    "since",
    "until",
    "start",
    "end",
    "at",
    "recorded_since",
    "last_sold_at",
    "saved_at",
    "answer",
    "state",
    "rows_done",
    "bytes",
    "expires_at",
    "file",
    "began_at",
    "timezone",
}


@pytest.fixture
def app(endpoint: str, tmp_path: Path) -> Iterator[App]:
    """The application with a webhook, in a zone where it is about noon: no day ends meanwhile."""
    ahead = 12 - datetime.now(UTC).hour
    zone = f"Etc/GMT{-ahead:+d}"  # these names count hours west of Greenwich
    with (
        receiving() as receiver,
        with_webhook(endpoint, tmp_path, receiver, timezone=zone) as shop,
        with_rebuilds("search"),
    ):
        yield shop.app


def test_each_example_returns_its_documented_response(app: App) -> None:
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, methods in app.http.get("/v1/openapi.json").json()["paths"].items()
        for method, operation in methods.items()
    }
    sale = deletion = export = imported = ""
    for name in ORDER:
        example = EXAMPLES[name]
        method, path, operation = operations[name]
        if name in ANALYTICS_EXAMPLES:
            until(lambda: app.http.get("/v1/analytics/days-left").json().get("items"))
        if name == "list_product_events":
            sale = wait_for(app, "stock_changed")
        if name in REVERSAL_EXAMPLES:
            deletion = wait_for(app, "deleted")
        if name == "get_export":
            export = wait_for_export(app)
        if name in IMPORT_EXAMPLES and name != "create_import":
            imported = wait_for_import(app)
        made = {"event_id": sale, "export_id": export, "import_id": imported}
        parameters = {**example.parameters} | {n: value for n, value in made.items() if value}
        where = {entry["name"]: entry["in"] for entry in operation.get("parameters", [])}
        quoted = {n: quote(str(value), safe="") for n, value in parameters.items()}
        target = path.format_map(quoted)
        answer = app.http.request(
            method,
            target,
            params={n: v for n, v in parameters.items() if where.get(n) == "query"},
            headers={n: v for n, v in parameters.items() if where.get(n) == "header"}
            | content_type(operation),
            content=example.body
            if example.body is None or isinstance(example.body, str)
            else app.http.build_request("POST", "/", json=example.body).content.replace(
                DELETION.encode(), deletion.encode()
            ),
        )
        assert answer.status_code == example.status, f"{name}: {answer.text}"
        if example.response is not None:
            assert comparable(answer.json()) == comparable(example.response), name
        for header in example.headers:
            assert header in answer.headers, (name, header)


def test_every_operation_on_these_paths_has_an_example(app: App) -> None:
    document = app.http.get("/v1/openapi.json").json()
    named = {
        operation["operationId"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if path.startswith(_PATHS)
    }
    assert named == set(EXAMPLES)


def content_type(operation: Any) -> dict[str, str]:
    types = list(operation.get("requestBody", {}).get("content", {}))
    return {"Content-Type": types[0]} if types else {}


def wait_for(app: App, kind: str) -> str:
    """The id of the newest event of this kind, once there is one."""
    found = until(lambda: app.http.get("/v1/events", params={"kind": kind}).json()["items"])
    identifier: str = found[0]["data"]["id"]
    return identifier


def wait_for_export(app: App) -> str:
    """The id of the export, once it is built."""
    (export,) = until(
        lambda: [
            one for one in app.http.get("/v1/exports").json()["items"] if one["state"] == "ready"
        ]
    )
    identifier: str = export["id"]
    return identifier


def wait_for_import(app: App) -> str:
    """The id of the import, once it is not at work."""
    (one,) = until(
        lambda: [
            one
            for one in app.http.get("/v1/imports").json()["items"]
            if one["state"] not in {"reading", "running", "undoing"}
        ]
    )
    identifier: str = one["id"]
    return identifier


def comparable(value: Any) -> Any:
    """The value without the fields that differ each time."""
    match value:
        case dict():
            return {
                name: comparable(member) for name, member in value.items() if name not in _DIFFERS
            }
        case list():
            return [comparable(member) for member in value]
        case _:
            return value
