"""A batch applies or rejects each item on its own, and returns the results in order."""

from typing import Any

import httpx
import pytest

from tests.support.http.sse import Listener
from tests.support.processes.running import App
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids with its own letters."""
    return shared


Results = list[dict[str, Any]]


def batch(app: App, *items: Any, key: str | None = None) -> tuple[int, Results]:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer: httpx.Response = app.http.post(
        "/v1/products:batch", json={"items": items}, headers=headers
    )
    return answer.status_code, answer.json().get("items", [])


def new(product_id: str, **fields: Any) -> dict[str, Any]:
    return {"action": "create", "product_id": product_id, "name": "n", "stock": 10} | fields


def move(product_id: str, delta: int, **fields: Any) -> dict[str, Any]:
    return {"action": "adjust", "product_id": product_id, "delta": delta, "reason": "sold"} | fields


def test_every_action_has_the_status_of_a_single_request(app: App) -> None:
    status, results = batch(
        app,
        new("ka", reason="received", note="first"),
        {"action": "count", "product_id": "ka", "counted": 4},
        {"action": "patch", "product_id": "ka", "if_match": "*", "changes": {"category": "Tea"}},
        {"action": "replace", "product_id": "ka", "if_match": "*", "name": "m", "stock": 2},
        move("ka", -1),
        {"action": "delete", "product_id": "ka", "if_match": "*", "reason": "correction"},
    )
    assert status == 207
    assert [result["status"] for result in results] == [201, 200, 200, 200, 200, 204]
    assert [result["index"] for result in results] == list(range(6))
    assert [(r.get("product") or {}).get("stock") for r in results] == [10, 4, 4, 2, 1, None]
    assert results[2]["product"]["category"] == "Tea"
    assert results[1]["etag"].startswith('"')
    # A deleted product is known to have existed once its changes are audited.
    until(lambda: app.http.get("/v1/products/ka").status_code == 410)


def test_failed_item_does_not_affect_the_others(app: App) -> None:
    status, results = batch(
        app,
        new("la"),
        new("la"),
        move("la", -11),
        move("gone", -1),
        {"action": "patch", "product_id": "la", "if_match": '"x.y"', "changes": {"name": "z"}},
        {"action": "fly", "product_id": "la"},
        move("la", 0),
        "nonsense",
        new("lb", stock="few", colour="red"),
        move("la", -1),
    )
    assert status == 207
    assert [r["status"] for r in results] == [201, 409, 409, 404, 412, 422, 422, 422, 422, 200]
    codes = [r["problem"]["code"] for r in results if "problem" in r]
    assert codes[:4] == [
        "product-exists",
        "insufficient-stock",
        "product-not-found",
        "etag-mismatch",
    ]
    pointers = {error["pointer"] for error in results[8]["problem"]["errors"]}
    assert pointers == {"/stock", "/colour"}
    assert app.http.get("/v1/products/la").json()["stock"] == 9


def test_item_without_a_known_action_gets_the_list_of_actions(app: App) -> None:
    _, results = batch(app, {"product_id": "lc"}, {"action": "fly", "product_id": "lc"})
    missing, unknown = [r["problem"]["errors"][0]["detail"] for r in results]
    assert missing == "action is missing"
    assert unknown.startswith("action must be one of 'create'")
    assert unknown.endswith("not 'fly'")


def test_each_item_has_its_own_stamp(app: App) -> None:
    with Listener(app.url, product_id="ma") as feed:
        batch(app, new("ma"), move("ma", -1, note="one"), move("ma", -2, note="two"))
        events = [message.data["data"] for message in feed.changes(3, 10)]
    assert [event["note"] for event in events] == [None, "one", "two"]
    assert [event["actor"] for event in events] == ["local"] * 3
    assert len({event["request_id"] for event in events}) == 3


def test_items_of_a_product_are_applied_in_order(app: App) -> None:
    products = [f"n{n}" for n in range(12)]
    creates = [new(p, stock=0) for p in products]
    assert {r["status"] for r in batch(app, *creates)[1]} == {201}
    # Each -5 is possible only after the +5 before it.
    moves = [move(p, delta) for _ in range(10) for delta in (+5, -5) for p in products]
    status, results = batch(app, *moves)
    assert status == 207
    assert {result["status"] for result in results} == {200}
    assert [r["product"]["stock"] for r in results] == [5] * 12 + [0] * 12 + (
        [5] * 12 + [0] * 12
    ) * 9


def test_repeat_applies_only_the_items_that_failed(app: App) -> None:
    app.create("oa", stock=3)
    items = [move("oa", -2), move("oa", -2), new("ob")]
    first = batch(app, *items, key="o")[1]
    assert [r["status"] for r in first] == [200, 409, 201]
    app.adjust("oa", +5, "received")
    again = batch(app, *items, key="o")[1]
    assert [r["status"] for r in again] == [200, 200, 201]
    assert [r.get("replayed", False) for r in again] == [True, False, True]
    assert again[0]["product"] == first[0]["product"]
    assert app.http.get("/v1/products/oa").json()["stock"] == 4
    other = batch(app, move("oa", -1), key="o")[1]
    assert other[0]["problem"]["code"] == "idempotency-key-reused"


def test_repeat_of_an_item_that_changed_nothing_changes_nothing(app: App) -> None:
    app.create("qa", category="Tea")
    patch = {"action": "patch", "product_id": "qa", "if_match": "*", "changes": {"category": "Tea"}}
    assert batch(app, patch, key="q")[1][0]["product"]["version"] == 1
    other = {**patch, "changes": {"category": "Mugs"}}
    assert batch(app, other)[1][0]["product"]["version"] == 2
    assert batch(app, patch, key="q")[1][0]["replayed"]
    assert app.http.get("/v1/products/qa").json()["category"] == "Mugs"


def test_repeated_deletion_in_a_batch_is_replayed(app: App) -> None:
    app.create("a")
    gone = {"action": "delete", "product_id": "a", "if_match": "*"}
    assert [batch(app, gone, key="k")[1][0]["status"] for _ in range(2)] == [204, 204]
    until(lambda: batch(app, gone)[1][0]["status"] == 410)


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{}] * 501}, {"items": {}}, [], {"items": [1], "x": 1}]
)
def test_malformed_batch_is_rejected_as_a_whole(app: App, body: Any) -> None:
    answer = app.http.post("/v1/products:batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
