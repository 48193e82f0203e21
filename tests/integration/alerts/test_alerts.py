"""Alerts of a running shop: what opens them, what people do about them, and what REST answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.events import event_id, rfc3339
from tests.integration.alerts.kit import ALERTS, SOON, TOMORROW, act, alerts, low, opened, trail
from tests.support.processes.running import App
from tests.support.waiting import until


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
