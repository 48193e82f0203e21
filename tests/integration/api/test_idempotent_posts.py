"""Every POST of the contract accepts an Idempotency-Key, with the same semantics."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.events import event_id, rfc3339
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.notifications.delivery_log import Delivery
from tests.integration.consumers.webhooks import with_rebuilds, with_webhook
from tests.support.builders import STREAM_ARN
from tests.support.http.receiver import receiving
from tests.support.processes.running import App
from tests.support.waiting import until

SALE = "the id of a sale"
DAY_AFTER = datetime.now(UTC) + timedelta(days=2)
TOMORROW = rfc3339(DAY_AFTER - timedelta(days=1))
ALERT = event_id("P4", "low-1")


def a_rule(name: str, address: str = "https://shop.example/stockpulse") -> dict[str, Any]:
    """A rule that sends nothing by itself."""
    recipients = [{"channel": "webhook", "address": address}]
    return {"name": name, "recipients": recipients, "enabled": False}


# By route: a body, and a different body.
TABLE: dict[str, tuple[Any, Any]] = {
    "/v1/products": (
        {"product_id": "new", "name": "n", "stock": 1},
        {"product_id": "other", "name": "n", "stock": 1},
    ),
    "/v1/products:batch": (
        {"items": [{"action": "count", "product_id": "P1", "counted": 7}]},
        {"items": [{"action": "count", "product_id": "P1", "counted": 8}]},
    ),
    "/v1/products/{product_id}/adjustments": (
        {"delta": -1, "reason": "sold"},
        {"delta": -2, "reason": "sold"},
    ),
    "/v1/products/{product_id}/counts": ({"counted": 5}, {"counted": 6}),
    "/v1/events/{event_id}/reversals": ({"note": "one"}, {"note": "two"}),
    "/v1/reversals": ({"events": [SALE], "note": "one"}, {"events": [SALE], "note": "two"}),
    "/v1/exports": (
        {"of": "products", "format": "csv"},
        {"of": "products", "format": "ndjson"},
    ),
    "/v1/imports": ("sku,name\nP1,One\n", "sku,name\nP1,Two\n"),
    "/v1/imports/{import_id}/start": (None, {}),
    "/v1/imports/{import_id}/undo": (None, {}),
    "/v1/alerts/{alert_id}/acknowledgement": (None, {}),
    "/v1/alerts/{alert_id}/snooze": ({"until": TOMORROW}, {"until": rfc3339(DAY_AFTER)}),
    "/v1/alerts/{alert_id}/order": (
        {"quantity": 5, "expected": TOMORROW[:10]},
        {"quantity": 6, "expected": TOMORROW[:10]},
    ),
    "/v1/alerts/{alert_id}/reopening": (None, {}),
    "/v1/dead-letters/{letter_id}/redrive": (None, {}),
    "/v1/sinks/{name}/pause": (None, {}),
    "/v1/sinks/{name}/resume": (None, {}),
    "/v1/sinks/{name}/rewind": ({"to": "now"}, {"to": "beginning"}),
    "/v1/sinks/{name}/test": (None, {}),
    "/v1/sinks/{name}/rebuild": (None, {}),
    "/v1/sinks/{name}/redrive": (None, {}),
    "/v1/rules": (a_rule("Low"), a_rule("High")),
    "/v1/rules/{rule_id}/test": (None, {}),
    "/v1/rules/{rule_id}/deliveries/{delivery_id}/resend": (None, {}),
    "/v1/rules/{rule_id}/recipients/{recipient_id}/enable": (None, {}),
    "/v1/rules/{rule_id}/recipients/{recipient_id}/rotate-secret": (None, {}),
}
RECEIVERS: dict[str, str] = {}  # the webhook's URL, by that of the application
LETTER = Letter(
    sink="audit",
    product_id="P9",
    event_key="label#1",
    record={"eventName": "UPSERT"},  # an unknown name, so the record is never audited
    stream_arn=STREAM_ARN,
    error="UndecodableRecord",
)


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Three products with a sale each, a low one, a dead letter, and a webhook."""
    with (
        receiving() as receiver,
        with_webhook(endpoint, tmp_path_factory.mktemp("posts"), receiver) as shop,
        with_rebuilds("webhook"),
    ):
        for product_id in ("P1", "P2", "P3"):
            shop.app.create(product_id, stock=10)
            shop.app.adjust(product_id, -2)
        shop.app.create("P4", 1, reorder_point=5)
        until(lambda: shop.app.http.get("/v1/alerts").json()["items"])
        RECEIVERS[shop.app.url] = receiver.url
        DeadLetters(shop.app.tables, f"{shop.settings.table_prefix}DeadLetters").park([LETTER])
        yield shop.app


def sale(app: App, product_id: str) -> str:
    """The id of the event; that product is changed by no other request."""
    wanted = {"kind": "stock_changed", "product_id": product_id}
    found: list[Any] = until(lambda: app.http.get("/v1/events", params=wanted).json()["items"])
    identifier: str = found[-1]["data"]["id"]
    return identifier


def state(app: App) -> Any:
    """What a POST can change: the products, the admin log, the exports and the imports."""
    products = app.tables.scan(TableName=app.services.about.products_table, ConsistentRead=True)[
        "Items"
    ]
    exports = [export["id"] for export in app.http.get("/v1/exports").json()["items"]]
    imports = [one["id"] for one in app.http.get("/v1/imports").json()["items"]]
    return products, app.http.get("/v1/admin/log").json(), exports, imports


def imported(app: App, *actions: str) -> str:
    """A new import that changes a product, after these actions."""
    csv = {"Content-Type": "text/csv"}
    text = f"sku,name\nP4,{'-'.join(('x', *actions))}\n"
    one = app.http.post("/v1/imports", content=text, headers=csv).json()
    path = f"/v1/imports/{one['id']}"
    busy = {"reading", "running", "undoing"}
    for action in (*actions, ""):
        until(lambda: app.http.get(path).json()["state"] not in busy)
        if action:
            app.http.post(f"{path}/{action}")
    identifier: str = one["id"]
    return identifier


def rule_with_delivery(app: App, *, is_disabled: bool) -> dict[str, str]:
    """The ids of a new rule, of its recipient, and of a delivery of a sale."""
    rule = app.http.post("/v1/rules", json=a_rule("Sales", RECEIVERS[app.url])).json()
    (recipient,) = rule["recipients"]
    found = {"rule_id": rule["id"], "recipient_id": recipient["id"]}
    line = Delivery(
        **found,
        channel="webhook",
        address=recipient["address"],
        message_id="m1",
        at=1_700_000_000_000,
        outcome="failed",
        notices=((sale(app, "P2"), "stock_changed"),),
    )
    store = app.services.store
    store.deliveries.add([line])
    if is_disabled:
        store.rules.disable(rule["id"], recipient["id"], "It bounced.", "stockpulse")
    return found | {"delivery_id": line.id}


def is_settled(app: App) -> bool:
    busy = {"reading", "running", "undoing"}
    return not any(one["state"] in busy for one in app.http.get("/v1/imports").json()["items"])


def is_logged(route: str) -> bool:
    """Whether the route is an admin's, so that its requests are in the admin log."""
    return route.startswith(("/v1/alerts", "/v1/dead-letters", "/v1/rules", "/v1/sinks"))


def applied(answer: httpx.Response) -> Any:
    """The response's body, without the `replayed` of a batch's items."""
    body = answer.json()
    for item in body.get("items", []):
        item["replayed"] = False
    return body


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    (problem,) = [item["problem"] for item in body.get("items", [])] or [body]
    return problem["status"], problem["code"]


def test_every_post_of_the_contract_is_tested_and_accepts_a_key(app: App) -> None:
    paths = app.web.openapi()["paths"]
    posts = {path: methods["post"] for path, methods in paths.items() if "post" in methods}
    assert set(TABLE) == set(posts), "TABLE and the contract have different POSTs"
    for path, operation in posts.items():
        named = [p["name"].lower() for p in operation["parameters"] if p["in"] == "header"]
        assert "idempotency-key" in named, path
        refusals = operation["responses"].get("422", {})
        is_batch = "207" in operation["responses"]  # each item has its own errors
        assert is_batch or "idempotency-key-reused" in str(refusals), path


@pytest.mark.parametrize("route", TABLE)
def test_post_is_applied_once_replayed_and_rejected_with_another_body(app: App, route: str) -> None:
    body, other = TABLE[route]
    ids = {
        "product_id": "P1",
        "letter_id": LETTER.id,
        "event_id": sale(app, "P2"),
        "name": "webhook",
        "alert_id": ALERT,
    }
    if "/v1/imports/" in route:
        ids["import_id"] = imported(app, *["start"] * route.endswith("undo"))
    if "{rule_id}" in route:
        ids |= rule_with_delivery(app, is_disabled=route.endswith("enable"))
    if route.endswith("resume"):
        app.http.post("/v1/sinks/webhook/pause")
    path, sale_of_p3 = route.format_map(ids), sale(app, "P3")

    def ask(sent: Any) -> httpx.Response:
        text = json.dumps(sent).replace(SALE, sale_of_p3)
        content = {} if sent is None else {"json": json.loads(text)}
        if isinstance(sent, str):
            content = {"content": sent}
        return app.http.post(path, headers={"Idempotency-Key": "k"}, **content)

    before = state(app)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, [body] * 4))
    until(lambda: is_settled(app))
    after = state(app)
    assert all(answer.is_success for answer in answers), [a.text for a in answers]
    assert len({answer.status_code for answer in answers}) == 1, [a.text for a in answers]
    assert before != after
    assert all(applied(answer) == applied(answers[0]) for answer in answers)
    marks = sorted(answer.headers.get("Idempotent-Replayed", "") for answer in answers)
    assert marks == ["", "true", "true", "true"]

    again = ask(body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert {"ETag", "Location"} & set(again.headers) == {"ETag", "Location"} & set(
        answers[0].headers
    )
    assert refusal(ask(other)) == (422, "idempotency-key-reused")
    assert state(app) == after
    assert len(after[1]["items"]) - len(before[1]["items"]) == is_logged(route)
