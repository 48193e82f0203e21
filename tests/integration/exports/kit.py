"""What tests of exports of products share."""

from typing import Any

from tests.support.processes.running import App
from tests.support.waiting import until

CSV, NDJSON = {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}


def filled(app: App) -> bool:
    return app.services.read_model.state.filled


def ids(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows[1:]]


def started(app: App, **order: Any) -> str:
    answer = app.http.post("/v1/exports", json={"of": "products"} | order)
    assert answer.status_code == 202, answer.text
    location: str = answer.headers["Location"]
    assert answer.json()["file"] == f"{location}/file"
    return location


def ready(app: App, location: str) -> dict[str, Any]:
    until(lambda: app.http.get(location).json()["state"] == "ready")
    found: dict[str, Any] = app.http.get(location).json()
    return found
