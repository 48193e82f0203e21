"""Requests that take events back, and the events that they find."""

from typing import Any

import httpx

from tests.support.processes.running import App
from tests.support.waiting import until

Event = dict[str, Any]


def events_of(app: App, product_id: str, count: int) -> list[Event]:
    """The product's events, oldest first, once there are so many."""

    def found() -> list[Event]:
        answer = app.http.get(f"/v1/products/{product_id}/events", params={"limit": 200})
        return [item["data"] for item in reversed(answer.json().get("items", []))]

    events: list[Event] = until(lambda: seen if len(seen := found()) >= count else None)
    return events


def reverse(app: App, event: Event, key: str | None = None, **body: Any) -> httpx.Response:
    """Take one event back."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return app.http.post(f"/v1/events/{event['id']}/reversals", json=body, headers=headers)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and code of a problem."""
    return answer.status_code, answer.json()["code"]


def edit(app: App, product_id: str, **fields: Any) -> None:
    """Change fields of a product."""
    answer = app.http.patch(
        f"/v1/products/{product_id}",
        json=fields,
        headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
    )
    assert answer.status_code == 200, answer.text


def delete(app: App, product_id: str) -> None:
    """Delete a product."""
    answer = app.http.delete(f"/v1/products/{product_id}", headers={"If-Match": "*"})
    assert answer.status_code == 204, answer.text


def stored(app: App, product_id: str) -> dict[str, Any]:
    """The item as it is in the table."""
    item: dict[str, Any] = app.tables.get_item(
        TableName=app.services.about.products_table,
        Key={"ProductID": {"S": product_id}},
        ConsistentRead=True,
    ).get("Item", {})
    return item
