"""Every route and page that shows an item is asked about items that another program wrote."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from botocore.exceptions import ClientError

from app.core.item import DEFAULT_NAMES
from tests.support.processes.running import App

LIST = {"limit": 200}
PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
DELETE = {"If-Match": "*"}


@dataclass
class Trial:
    """What was stored, and every answer: statuses by request, and the text of what failed."""

    app: App
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)  # items by product id
    refused: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def put(self, items: Iterable[dict[str, Any]]) -> None:
        """Put the items past the API; the engine may refuse some."""
        table = self.app.services.about.products_table
        for item in items:
            try:
                self.app.tables.put_item(TableName=table, Item=item)
            except ClientError:
                self.refused += 1
            else:
                self.stored[DEFAULT_NAMES.key.id_of(item)] = item

    def ask(self, name: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, and note its status under `name`."""
        answer = self.app.http.request(method, path, **request)
        self.statuses[name, answer.status_code] += 1
        if answer.status_code >= 500:
            self.failures.setdefault(name, f"{method} {path[:200]!r}: {answer.text[:500]}")
        return answer

    def show(self, product_id: str) -> None:
        """Ask for everything that shows one item, and its newest event."""
        path = f"/v1/products/{quote(product_id, safe='')}"
        found = {"id": product_id}
        self.ask("product", "GET", path)
        events = self.ask("product's events", "GET", f"{path}/events").json().get("items", [])
        if events:
            event = events[0]["data"]
            self.ask("event", "GET", f"/v1/events/{event['id']}")
            self.ask("as of", "GET", path, params={"as_of": event["occurred_at"]})
        for page in ("edit", "adjust", "delete", "history"):
            self.ask(f"{page} page", "GET", f"/products/{page}", params=found)

    def write(self, product_id: str) -> None:
        """Change one item in every way that changes an item, and delete it."""
        path = f"/v1/products/{quote(product_id, safe='')}"
        product = {"name": "Mug", "stock": 3}
        item = {"op": "adjust", "product_id": product_id, "delta": 1, "reason": "found"}
        adjustment = {"delta": 1, "reason": "found"}
        self.ask("patch", "PATCH", path, content='{"name":"Cup"}', headers=PATCH)
        self.ask("adjust", "POST", f"{path}/adjustments", json=adjustment)
        self.ask("count", "POST", f"{path}/counts", json={"counted": 7})
        self.ask("replace", "PUT", path, json=product, headers=DELETE)
        batch = self.ask("batch", "POST", "/v1/products:batch", json={"items": [item]})
        for result in batch.json().get("results", []):
            self.statuses["in a batch", result["status"]] += 1
            if result["status"] >= 500:
                self.failures.setdefault("in a batch", batch.text[:500])
        self.ask("delete", "DELETE", path, headers=DELETE)

    def walk(self, name: str, path: str, **parameters: Any) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            answer = self.ask(name, "GET", path, params=LIST | parameters | more)
            if answer.status_code != 200:
                return items
            page = answer.json()
            items += page["items"]
            if (cursor := page["next_cursor"]) is None:
                return items

    def lists(self) -> None:
        """Ask for everything that shows many items."""
        for page in ("/", "/products?limit=200", "/system", "/system/state", "/metrics"):
            self.ask(page, "GET", page)
        for letter in self.walk("dead letters", "/v1/dead-letters"):
            self.ask("dead letter", "GET", f"/v1/dead-letters/{letter['id']}")

    def wait_until_audited(self, seconds: float) -> None:
        """Wait until the worker has read all that was written so far."""
        last = f"last-{time.monotonic_ns()}"
        self.app.put_outside(ProductID=last)
        deadline = time.monotonic() + seconds
        while self.app.http.get(f"/v1/products/{last}/events").json().get("items") == []:
            assert time.monotonic() < deadline, "the worker did not read all records"
            time.sleep(0.2)
