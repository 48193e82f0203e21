"""Items that another program wrote are asked for over every route and page that shows an item."""

import io
import json
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from botocore.exceptions import ClientError
from pydantic import SecretStr

from app import cli
from app.core.item import DEFAULT_NAMES
from app.store.dynamodb.client import connect
from tests.support.audited import lose, verify
from tests.support.http.receiver import SECRET, Receiver, receiving
from tests.support.http.sse import Listener
from tests.support.odd_items import drawn
from tests.support.processes.running import App, serving, settings_for
from tests.support.reconciling import Parts
from tests.support.waiting import until

LIST = {"limit": 200}
PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
ANY = {"If-Match": "*"}

Row = dict[str, Any]


@dataclass
class Trial:
    """The items that the engine stored, by product id, and the answers' statuses by request."""

    app: App
    parts: Parts
    stored: set[str] = field(default_factory=set)
    refused: int = 0  # items that the engine does not store
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)  # the first answer of 5xx to a request

    @property
    def figures(self) -> str:
        """The trial's outcome as a line."""
        answers = sum(self.statuses.values())
        failed = sum(count for (_, status), count in self.statuses.items() if status >= 500)
        return (
            f"{len(self.stored)} items stored, {self.refused} refused by the engine; "
            f"{answers} answers, {failed} of 5xx"
        )

    def ask(self, name: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, and count its status under `name`."""
        answer = self.app.http.request(method, path, **request)
        self.count(name, answer.status_code, answer.text)
        return answer

    def count(self, name: str, status: int, answer: str) -> None:
        self.statuses[name, status] += 1
        if status >= 500:
            self.failures.setdefault(name, answer[:500])

    def show(self, product_id: str) -> None:
        """Ask for everything that shows one item."""
        path = f"/v1/products/{quote(product_id, safe='')}"
        product = self.ask("product", "GET", path)
        assert product.json()["product_id"] == product_id
        events = self.ask("product's events", "GET", f"{path}/events").json()["items"]
        event = events[0]["data"]
        self.ask("event", "GET", f"/v1/events/{event['id']}")
        self.ask("as of", "GET", path, params={"as_of": event["occurred_at"]})
        for page in ("edit", "adjust", "delete", "history"):
            self.ask(f"{page} page", "GET", f"/products/{page}", params={"id": product_id})

    def change(self, product_id: str) -> None:
        """Change one item in every way."""
        path = f"/v1/products/{quote(product_id, safe='')}"
        adjustment = {"delta": 1, "reason": "found"}
        batched = {"action": "adjust", "product_id": product_id, **adjustment}
        self.ask("patch", "PATCH", path, content='{"name":"Cup"}', headers=PATCH)
        self.ask("adjust", "POST", f"{path}/adjustments", json=adjustment)
        self.ask("count", "POST", f"{path}/counts", json={"counted": 7})
        self.ask("replace", "PUT", path, json={"name": "Mug", "stock": 3}, headers=ANY)
        batch = self.ask("batch", "POST", "/v1/products:batch", json={"items": [batched]})
        for result in batch.json()["items"]:
            self.count("item of a batch", result["status"], batch.text)

    def delete(self, product_id: str) -> None:
        """Delete one item."""
        path = f"/v1/products/{quote(product_id, safe='')}"
        if self.ask("delete", "DELETE", path, headers=ANY).status_code == 409:
            # Another program's attribute has our map's name, so only that program deletes it.
            key = DEFAULT_NAMES.key.key_of(product_id)
            self.app.tables.delete_item(TableName=self.parts.names.products, Key=key)

    def walk(self, name: str, path: str) -> list[Row]:
        """All rows of a list, page by page."""
        rows: list[Row] = []
        more: dict[str, Any] = {}
        while True:
            page = self.ask(name, "GET", path, params=LIST | more).json()
            rows += page["items"]
            if page["next_cursor"] is None:
                return rows
            more = {"cursor": page["next_cursor"]}

    def products(self) -> list[str]:
        """The ids of the products in the list, sorted."""
        return sorted(row["product_id"] for row in self.walk("products", "/v1/products"))

    def lists(self) -> None:
        """Ask for everything that shows many items; each item is in the lists once."""
        for page in ("/", "/products?limit=200", "/system", "/system/state", "/metrics"):
            self.ask(page, "GET", page)
        until(lambda: self.products() == sorted(self.stored))
        events = {row["subject"] for row in self.walk("events", "/v1/events")}
        assert events == self.stored
        assert self.walk("dead letters", "/v1/dead-letters") == []


def trial(
    endpoint: str, folder: Path, count: int, seconds: float, written: int = 1, **settings: Any
) -> Trial:
    """Try `count` items; one in `written` is changed in every way, and all are deleted.

    `seconds` limits how long the worker may take to read all records.
    """
    items = drawn(count)
    _compare_first(endpoint, folder / f"{folder.name}-first", items[: count // 10])
    with receiving() as receiver:
        hook = {"webhook_url": SecretStr(receiver.url), "webhook_secret": SecretStr(SECRET)}
        given = settings_for(endpoint, folder, **hook, **settings)
        with serving(given) as app, Listener(app.url) as feed:
            # A new sink starts at the end of the timeline.
            sinks = partial(app.http.get, "/v1/sinks")
            until(lambda: any(sink["cursor"] for sink in sinks().json()["items"]), seconds)
            found = Trial(app, Parts(app.clients, given))
            found.stored, found.refused = _put(app.tables, found.parts.names.products, items)
            _wait_until_seen({"inserted"}, found.stored, feed, receiver, seconds)
            replaced = _replace(found, items)
            _wait_until_seen({"updated", "stock_changed"}, replaced, feed, receiver, seconds)
            _read(found)
            _write(found, written)
            _wait_until_seen({"deleted"}, found.stored, feed, receiver, seconds)
            _check_deleted(found)
    return found


def _read(found: Trial) -> None:
    found.lists()
    assert verify(found.parts).findings == []
    for product_id in sorted(found.stored)[::10]:
        lose(found.parts, product_id, 1)
    outcome = found.parts.comparison().run()
    assert (outcome.compared, outcome.left) == (len(found.stored), 0)
    for product_id in sorted(found.stored):
        found.show(product_id)
    _command(found, "inspect", found.parts.names.products)


def _write(found: Trial, share: int) -> None:
    for number, product_id in enumerate(sorted(found.stored)):
        if number % share == 0:
            found.change(product_id)
        found.delete(product_id)
    until(lambda: found.products() == [])


def _check_deleted(found: Trial) -> None:
    for product_id in sorted(found.stored)[::10]:
        path = f"/v1/products/{quote(product_id, safe='')}"
        assert found.ask("deleted", "GET", path).status_code == 410
    assert verify(found.parts).findings == []
    _command(found, "verify")


def _replace(found: Trial, items: list[Row]) -> set[str]:
    """Give each item the attributes of the next one; returns the ids of the changed products."""
    following = [*items[1:], items[0]]
    changed = [
        {**other, "ProductID": item["ProductID"], "Replaced": {"BOOL": True}}
        for item, other in zip(items, following, strict=True)
        if DEFAULT_NAMES.key.id_of(item) in found.stored
    ]
    return _put(found.app.tables, found.parts.names.products, changed)[0]


def _wait_until_seen(
    kinds: set[str], stored: set[str], feed: Listener, receiver: Receiver, seconds: float
) -> None:
    """Wait until live stream and webhook have shown such a change of each product."""

    def shown(events: Iterable[Any]) -> set[str]:
        time.sleep(len(stored) / 10_000)  # a check of many changes takes CPU time from the worker
        return {event["subject"] for event in events if event["data"]["kind"] in kinds}

    until(lambda: shown(message.data for message in feed.seen) >= stored, seconds)
    bodies = receiver.received
    until(lambda: shown(json.loads(received.body) for received in [*bodies]) >= stored, seconds)


def _compare_first(endpoint: str, folder: Path, items: list[Row]) -> None:
    """The first comparison writes a baseline of every item that no worker has read."""
    parts = Parts(connect(endpoint), settings_for(endpoint, folder))
    stored, _ = _put(parts.clients.tables, parts.names.products, items)
    outcome = parts.comparison(first=True).run()
    assert (outcome.written, outcome.left) == (len(stored), 0)
    assert verify(parts).findings == []


def _put(client: Any, table: str, items: Iterable[Row]) -> tuple[set[str], int]:
    """Put items past the API; returns the ids of those that the engine stores, and how many not."""
    stored, refused = set(), 0
    for item in items:
        try:
            client.put_item(TableName=table, Item=item)
        except ClientError:
            refused += 1
        else:
            stored.add(DEFAULT_NAMES.key.id_of(item))
    return stored, refused


def _command(found: Trial, *arguments: str) -> None:
    parsed = cli.parsed(arguments)
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")):
        assert parsed.run(parsed, found.parts.settings) == 0
