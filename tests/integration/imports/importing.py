"""Sends files to the API as programs do, and waits for what becomes of them."""

from typing import Any

from tests.support.processes.running import App
from tests.support.waiting import until


def sent(app: App, content: str | bytes, **parameters: Any) -> Any:
    """The import of a file, once it was compared."""
    answer = app.http.post(
        "/v1/imports", content=content, params=parameters, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 202, answer.text
    return settled(app, answer.json())


def settled(app: App, one: Any) -> Any:
    """The import, once it is not at work."""

    def found() -> Any:
        now = app.http.get(f"/v1/imports/{one['id']}").json()
        return now["state"] not in {"reading", "running", "undoing"} and now

    return until(found)


def done(app: App, one: Any, action: str) -> Any:
    """The import after an action: `start` or `undo`."""
    answer = app.http.post(f"/v1/imports/{one['id']}/{action}")
    assert answer.status_code == 202, answer.text
    return settled(app, answer.json())


def rows(app: App, one: Any, show: str = "all") -> dict[str, Any]:
    """The rows of a list by their product's id."""
    page = app.http.get(f"/v1/imports/{one['id']}/rows", params={"show": show, "limit": 200})
    return {item["product_id"]: item for item in page.json()["items"]}


def counts(one: Any) -> list[int]:
    """How many rows create, change, change nothing, and are refused."""
    return [one[name] for name in ("create", "change", "unchanged", "refused")]


def product(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json()
