"""Several events are taken back in one request; each has its own result."""

from typing import Any

import httpx
import pytest

from tests.integration.reversals.undoing import Event, delete, edit, events_of, reverse, stored
from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def post(app: App, *events: Event, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    sent = {"events": [event["id"] for event in events]} | body
    return app.http.post("/v1/reversals", json=sent, headers=headers)


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 207, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    assert [result["index"] for result in found] == list(range(len(found)))
    return found


def test_each_event_has_the_status_of_a_single_request(app: App) -> None:
    app.create("xa", stock=5)
    app.adjust("xa", -1)
    app.create("xb")
    app.create("xc", stock=9)
    delete(app, "xc")
    app.create("xh", stock=2)
    app.adjust("xh", -1)
    sale, created = events_of(app, "xa", 2)[1], events_of(app, "xb", 1)[0]
    deletion, touched = events_of(app, "xc", 2)[1], events_of(app, "xh", 2)[0]
    answer = post(app, sale, created, deletion, touched, {"id": "nonsense"}, note="closing time")
    found = results(answer)
    assert [result["status"] for result in found] == [200, 204, 200, 409, 404]
    assert [found[0]["product"]["stock"], found[2]["product"]["stock"]] == [5, 9]
    assert found[0]["product"]["not_reversed"] == []
    assert (found[3]["problem"]["code"], found[4]["problem"]["code"]) == (
        "superseded",
        "event-not-found",
    )
    assert [entry["attribute"] for entry in found[3]["problem"]["conflicts"]] == ["Stock"]
    reversal = events_of(app, "xa", 3)[2]
    assert (reversal["reverses"], reversal["note"]) == (sale["id"], "closing time")
    assert reversal["request_id"].endswith(".0")


def test_events_of_one_product_are_taken_back_newest_first(app: App) -> None:
    app.create("xd", price="1")
    edit(app, "xd", price="2")
    edit(app, "xd", price="3", category="Tea")
    edit(app, "xd", price="4")
    _, first, second, third = events_of(app, "xd", 4)
    found = results(post(app, first, third, second))
    assert [result["status"] for result in found] == [200, 200, 200]
    assert [result["product"]["price"] for result in found] == ["1", "3", "2"]


def test_product_is_deleted_once_everything_after_its_creation_is_taken_back(app: App) -> None:
    app.create("xi", price="1")
    edit(app, "xi", price="2")
    app.adjust("xi", -1)
    found = results(post(app, *events_of(app, "xi", 3)))
    assert [result["status"] for result in found] == [204, 200, 200]
    assert stored(app, "xi") == {}


def test_repeat_takes_back_only_the_events_that_failed(app: App) -> None:
    app.create("xe", stock=5)
    app.adjust("xe", -1)
    app.create("xf", stock=0)
    app.adjust("xf", +3, "received")
    app.adjust("xf", -3)
    sale, received = events_of(app, "xe", 2)[1], events_of(app, "xf", 3)[1]
    first = results(post(app, sale, received, key="x"))
    assert [result["status"] for result in first] == [200, 409]
    app.adjust("xf", +3, "found")
    again = results(post(app, sale, received, key="x"))
    assert [result["status"] for result in again] == [200, 200]
    assert [result.get("replayed", False) for result in again] == [True, False]
    assert again[0]["product"] == first[0]["product"]
    whole = post(app, sale, received, key="x")
    assert whole.headers["Idempotent-Replayed"] == "true"
    other = results(post(app, sale, key="x", note="another body"))
    assert other[0]["problem"]["code"] == "idempotency-key-reused"


def test_event_that_a_single_request_took_back_is_refused_in_a_batch(app: App) -> None:
    app.create("xg", stock=5)
    app.adjust("xg", -1)
    sale = events_of(app, "xg", 2)[1]
    reverse(app, sale)
    (result,) = results(post(app, sale))
    assert (result["status"], result["problem"]["code"]) == (409, "already-reversed")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": []},
        {"events": ["a"] * 2},
        {"events": [str(n) for n in range(501)]},
        {"events": [1]},
        {"events": ["a"], "reason": "stolen"},
        {"events": ["a"], "reference": "x"},
    ],
)
def test_malformed_batch_is_rejected_as_a_whole(app: App, body: Any) -> None:
    answer = app.http.post("/v1/reversals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
