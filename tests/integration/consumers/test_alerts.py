"""Alerts of a running shop: what opens them, what people do about them, and what REST answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.core.events import event_id, rfc3339
from app.store.coordination.sink_row import PREFIX
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames
from app.web.contract.alert_examples import ALERT_EXAMPLES
from tests.support.http.plain import Client
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until
from worker.sinks.alerts import NAME

ALERTS = "/v1/alerts"
SOON = rfc3339(datetime.now(UTC) + timedelta(hours=1))
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("alerts"))) as running:
        until(lambda: scanned(running))
        yield running


def scanned(app: App) -> bool:
    """Whether the first scan is done: from then on, events open the alerts."""
    tables = app.services.settings.table_names
    key = {"Kind": {"S": "alert-scan"}, "ID": {"S": tables.products}}
    return "Done" in app.tables.get_item(TableName=tables.settings, Key=key).get("Item", {})


def alerts(app: App, product_id: str, **params: Any) -> list[dict[str, Any]]:
    """The product's alerts in a list."""
    page = app.http.get(ALERTS, params={"limit": 200} | params).json()
    return [one for one in page["items"] if one["product_id"] == product_id]


def opened(app: App, product_id: str, **params: Any) -> dict[str, Any]:
    """The product's open alert, once there is one."""
    (found,) = until(lambda: alerts(app, product_id, **params))
    shown: dict[str, Any] = found
    return shown


def low(app: App, product_id: str) -> dict[str, Any]:
    """A new product with its alert."""
    app.create(product_id, 9, reorder_point=5)
    app.adjust(product_id, -4)
    return opened(app, product_id)


def act(app: App, alert: dict[str, Any], action: str, body: Any = None, **headers: str) -> Any:
    content = {} if body is None else {"json": body}
    return app.http.post(f"{ALERTS}/{quote(alert['id'])}/{action}", headers=headers, **content)


def trail(app: App) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = app.http.get("/v1/admin/log").json()["items"]
    return rows


def test_a_sale_to_the_reorder_point_opens_one_alert_that_names_its_event(app: App) -> None:
    alert = low(app, "A1")
    app.adjust("A1", -1)
    (sale,) = until(
        lambda: [
            one
            for one in app.http.get("/v1/products/A1/events").json()["items"]
            if one["data"]["stock_after"] == 5
        ]
    )
    assert alert == {
        "id": event_id("A1", "low-1"),
        "kind": "low",
        "state": "open",
        "product_id": "A1",
        "product_name": "Name of A1",
        "stock": 5,
        "reorder_point": 5,
        "unit": None,
        "opened_at": sale["time"],
        "opened_by": sale["id"],
        "since": sale["time"],
        "actor": None,
        "resolves_at": None,
        "snoozed_until": None,
        "order": None,
    }
    assert app.http.get(f"{ALERTS}/{alert['id']}").json() == alert


def test_a_raised_reorder_point_opens_an_alert_and_the_mark_resolves_it(app: App) -> None:
    app.create("A2", 9)
    path, headers = "/v1/products/A2", {"If-Match": "*"}
    headers["Content-Type"] = "application/merge-patch+json"
    app.http.patch(path, content=b'{"reorder_point": 9}', headers=headers)
    opened(app, "A2")
    marked = app.http.patch(path, content=b'{"no_reorder": true}', headers=headers)
    assert marked.json()["no_reorder"] is True
    assert opened(app, "A2", state="resolved")["reorder_point"] is None
    unmarked = app.http.patch(path, content=b'{"no_reorder": null}', headers=headers)
    assert unmarked.json()["no_reorder"] is False
    assert opened(app, "A2")["id"] == event_id("A2", "low-2")


def test_another_program_that_sells_more_than_there_is_makes_a_product_negative(app: App) -> None:
    app.put_outside(ProductID="A3", Stock=2)
    app.put_outside(ProductID="A3", Stock=-1)
    until(lambda: {one["kind"] for one in alerts(app, "A3")} == {"out", "negative"})
    assert [one["kind"] for one in alerts(app, "A3", kind="out")] == ["out"]
    app.tables.delete_item(
        TableName=app.services.about.products_table, Key={"ProductID": {"S": "A3"}}
    )
    until(lambda: len(alerts(app, "A3", state="resolved")) == 2)


def test_each_action_is_in_the_admin_trail_with_its_actor_and_a_repeat_is_not(app: App) -> None:
    alert = low(app, "A4")
    for action, body, state in (
        ("acknowledgement", None, "acknowledged"),
        ("snooze", {"until": SOON}, "snoozed"),
        ("order", {"quantity": "7.5", "expected": TOMORROW}, "ordered"),
        ("reopening", None, "open"),
    ):
        first, again = act(app, alert, action, body), act(app, alert, action, body)
        assert first.status_code == 200, first.text
        assert first.json()["state"] == state
        assert again.json() == first.json()
    rows = [row for row in trail(app) if (row["after"] or {}).get("alert") == alert["id"]]
    actions = [row["action"].removeprefix("alert.") for row in reversed(rows)]
    assert actions == ["acknowledged", "snoozed", "ordered", "reopened"]
    assert {row["actor"] for row in rows} == {"local"}
    assert first.json()["order"] == {"quantity": 7.5, "expected": TOMORROW, "received": 0}


def test_a_request_with_the_same_idempotency_key_acts_once(app: App) -> None:
    alert = low(app, "A5")
    first = act(app, alert, "acknowledgement", **{"Idempotency-Key": "k"})
    act(app, alert, "reopening")
    again = act(app, alert, "acknowledgement", **{"Idempotency-Key": "k"})
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert opened(app, "A5")["state"] == "open"


def test_a_request_is_replayed_after_the_time_that_it_names(app: App) -> None:
    alert = low(app, "A10")
    body = {"until": rfc3339(datetime.now(UTC) + timedelta(seconds=2))}
    first = act(app, alert, "snooze", body, **{"Idempotency-Key": "s"})
    assert first.status_code == 200, first.text
    until(lambda: act(app, alert, "snooze", body).status_code == 422)
    again = act(app, alert, "snooze", body, **{"Idempotency-Key": "s"})
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_resolved_alert_cannot_be_acted_on(app: App) -> None:
    app.create("A6", 3, reorder_point=5)
    alert = opened(app, "A6")
    app.http.delete("/v1/products/A6", headers={"If-Match": "*"})
    until(lambda: alerts(app, "A6", state="resolved"))
    refused = act(app, alert, "acknowledgement")
    assert (refused.status_code, refused.json()["code"]) == (409, "alert-resolved")


@pytest.mark.parametrize(
    ("action", "body", "detail"),
    [
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "until must not be in the past"),
        ("snooze", {"until": "2999-01-01T00:00:00Z"}, "at most a year"),
        ("snooze", {}, "until"),
        ("order", {"quantity": 0, "expected": TOMORROW}, "quantity"),
        ("order", {"quantity": 5, "expected": "2020-01-01"}, "expected must not be in the past"),
        ("order", {"quantity": 5, "expected": "9999-12-31"}, "at most a year"),
        ("order", {"quantity": 5, "expected": f"{TOMORROW}T00:00:00Z"}, "expected"),
        ("order", {"quantity": 5, "expected": 20_000_000}, "expected"),
    ],
)
def test_a_body_that_is_wrong_is_refused_with_the_reason(
    app: App, action: str, body: Any, detail: str
) -> None:
    refused = app.http.post(f"{ALERTS}/{event_id('A1', 'low-1')}/{action}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")
    assert detail in refused.json()["detail"]


@pytest.mark.parametrize(
    "identifier", ["x", "%00", event_id("none", "low-1"), event_id("A1", "low-9"), "x" * 3000]
)
def test_an_id_of_no_alert_is_not_found(app: App, identifier: str) -> None:
    for answer in (
        app.http.get(f"{ALERTS}/{identifier}"),
        app.http.post(f"{ALERTS}/{identifier}/acknowledgement"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "alert-not-found"), answer.text


def test_pages_have_each_alert_once_newest_first_and_none_is_empty(app: App) -> None:
    for number in range(5):
        app.create(f"B{number}", 0, reorder_point=5)
    until(lambda: all(len(alerts(app, f"B{number}")) == 2 for number in range(5)))
    everything = app.http.get(ALERTS, params={"limit": 200}).json()["items"]
    paged: list[dict[str, Any]] = []
    url = f"{ALERTS}?limit=3"
    while url:
        answer = app.http.get(url)
        assert answer.json()["items"]
        paged += answer.json()["items"]
        url = answer.links["next"]["url"] if answer.json()["next_cursor"] else ""
    assert paged == everything
    times = [datetime.fromisoformat(one["since"]) for one in paged]
    assert times == sorted(times, reverse=True)
    refused = app.http.get(ALERTS, params={"cursor": "bm90aGluZw"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-cursor")


def test_the_number_of_open_alerts_is_a_metric(app: App) -> None:
    low(app, "A7")
    until(lambda: 'stockpulse_alerts_open{kind="low"}' in app.http.get("/metrics").text)


def test_a_rewind_opens_nothing_again(app: App) -> None:
    alert = low(app, "A8")
    act(app, alert, "acknowledgement")
    before = app.http.get(f"{ALERTS}/{alert['id']}").json()
    assert app.http.post("/v1/sinks/alerts/rewind", json={"to": "beginning"}).status_code == 200
    low(app, "A9")  # an event behind all that is repeated
    assert app.http.get(f"{ALERTS}/{alert['id']}").json() == before
    tested = app.http.post("/v1/sinks/alerts/test")
    assert (tested.status_code, tested.json()["code"]) == (409, "sink-not-configured")


def test_products_that_were_low_before_the_first_start_get_their_alerts(
    endpoint: str, tmp_path: Path
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        app.create("P1", 3, reorder_point=5)
        opened(app, "P1")
    forget_alerts(endpoint, settings.table_names)
    with serving(settings) as app:
        alert = opened(app, "P1")
        assert (alert["stock"], alert["opened_by"]) == (3, None)


def forget_alerts(endpoint: str, names: TableNames) -> None:
    """The tables as before the first version with alerts, which had no consumer of them either."""
    clients = connect(endpoint)
    tables = clients.tables
    for kind in ("alert", "alert open low", "alert-scan"):
        rows = tables.query(
            TableName=names.settings,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )["Items"]
        for row in rows:
            tables.delete_item(
                TableName=names.settings, Key={name: row[name] for name in ("Kind", "ID")}
            )
    for row in tables.scan(TableName=names.checkpoints)["Items"]:
        if row["Shard"]["S"] == PREFIX + NAME:
            key = {name: row[name] for name in ("Consumer", "Shard")}
            tables.delete_item(TableName=names.checkpoints, Key=key)
    clients.tables.close()
    clients.streams.close()


def test_each_example_returns_its_documented_response(endpoint: str, tmp_path: Path) -> None:
    with serving(settings_for(endpoint, tmp_path)) as app:
        app.create("TEA-1", 12, name="Earl Grey, 100 g", reorder_point=10)
        app.adjust("TEA-1", -4)
        opened(app, "TEA-1")
        paths = app.http.get("/v1/openapi.json").json()["paths"]
        documented = {
            operation["operationId"]: (method, path)
            for path, methods in paths.items()
            for method, operation in methods.items()
            if path.startswith(ALERTS)
        }
        assert documented.keys() == ALERT_EXAMPLES.keys()
        for name, example in ALERT_EXAMPLES.items():
            answer = sent(app.http, *documented[name], example)
            assert answer.status_code == example.status, answer.text
            assert same(answer.json()) == same(example.response), name


def sent(http: Client, method: str, path: str, example: Any) -> Any:
    """Send an example; its dates become ones in the future."""
    parameters = dict(example.parameters)
    target = path.format_map(parameters)
    query = {} if "{" in path else parameters
    body = example.body and {**example.body, **_later(example.body)}
    content = {} if body is None else {"json": body}
    return http.request(method, target, params=query, **content)


def _later(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in (("until", SOON), ("expected", TOMORROW)) if name in body
    }


def same(value: Any) -> Any:
    """The value without times and event ids."""
    if isinstance(value, list):
        return [same(one) for one in value]
    if not isinstance(value, dict):
        return value
    differs = {"opened_at", "opened_by", "since", "snoozed_until", "expected"}
    return {name: same(one) for name, one in value.items() if name not in differs}
