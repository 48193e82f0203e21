"""Sinks over REST: the shown state is true, and each action takes effect in a running worker."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.events import rfc3339
from tests.integration.consumers.webhooks import SINKS, Hooked, with_rebuilds, with_webhook
from tests.support.http.receiver import receiving
from tests.support.waiting import until


@pytest.fixture
def shop(endpoint: str, tmp_path: Path) -> Iterator[Hooked]:
    """The application with a webhook whose receiver accepts everything."""
    with receiving() as receiver, with_webhook(endpoint, tmp_path, receiver) as running:
        yield running


@pytest.fixture(scope="module")
def unchanged(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooked]:
    """The same, for all requests that are refused before they change anything."""
    folder = tmp_path_factory.mktemp("unchanged")
    with receiving() as receiver, with_webhook(endpoint, folder, receiver) as running:
        yield running
        assert running.trail() == []


def test_a_sink_is_listed_with_its_progress(shop: Hooked) -> None:
    shop.app.create("P1")
    until(lambda: shop.received() == 1)
    until(lambda: (shop.sink()["lag_seconds"], shop.sink()["lag_events"]) == (0.0, 0))
    page = shop.app.http.get(SINKS).json()
    names = [sink["name"] for sink in page["items"]]
    assert names == ["alerts", "notifications", "webhook"], "the audit's row is no sink"
    shown = shop.sink()
    assert page == {"items": [*page["items"][:2], shown], "next_cursor": None}
    assert (shown["name"], shown["state"], shown["why"]) == ("webhook", "running", None)
    assert (shown["last_error"], shown["version"]) == (None, 0)
    assert shown["owner"]
    assert shown["saved_at"]


def test_pause_holds_new_events_and_resume_delivers_them(shop: Hooked) -> None:
    paused = shop.act("pause").json()
    assert (paused["state"], paused["why"], paused["version"]) == ("paused", "paused by local", 1)
    shop.app.create("P1")
    until(lambda: shop.sink()["lag_events"] == 1)
    assert shop.sink()["lag_seconds"] > 0
    assert shop.received() == 0
    assert shop.act("resume").json()["state"] == "running"
    until(lambda: shop.received() == 1)
    assert shop.trail()[:2] == [("sink.resumed", "local"), ("sink.paused", "local")]


def test_a_receiver_that_answers_410_pauses_the_sink_until_it_is_resumed(shop: Hooked) -> None:
    shop.receiver.status = 410
    shop.app.create("P1")
    until(lambda: shop.sink()["state"] == "paused")
    assert "410" in shop.sink()["why"]
    health = shop.app.http.get("/readyz").json()
    assert health["status"] == "ok", "a sink never makes the deployment unready"
    assert "Connection webhook paused itself" in json.dumps(health["details"]["findings"])
    shop.receiver.status = 204
    shop.act("resume")
    until(lambda: shop.received() == 2)


def test_resume_of_a_running_sink_changes_nothing(shop: Hooked) -> None:
    before = shop.sink()
    answer = shop.act("resume")
    assert (answer.status_code, answer.json()["version"]) == (200, before["version"])
    assert shop.trail() == []


def test_rewind_to_the_beginning_delivers_everything_again(shop: Hooked) -> None:
    shop.app.create("P1")
    shop.app.adjust("P1", -1)
    until(lambda: shop.received() == 2)
    rewound = shop.act("rewind", {"to": "beginning"}).json()
    assert (rewound["state"], rewound["version"], rewound["saved_at"]) == ("running", 1, None)
    until(lambda: shop.received() == 4)
    identifiers = [request.headers["webhook-id"] for request in shop.receiver.received]
    assert identifiers[:2] == identifiers[2:]


def test_rewind_to_a_time_delivers_events_from_that_time_on(shop: Hooked) -> None:
    shop.app.create("P1")
    until(lambda: shop.received() == 1)
    second = datetime.now(UTC) + timedelta(milliseconds=1)
    shop.app.adjust("P1", -1)
    until(lambda: shop.received() == 2)
    assert shop.act("rewind", {"to": rfc3339(second)}).status_code == 200
    until(lambda: shop.received() == 3)
    again = [request.headers["webhook-id"] for request in shop.receiver.received]
    assert again[1] == again[2]


def test_rewind_of_a_paused_sink_to_now_skips_waiting_events_and_keeps_it_paused(
    shop: Hooked,
) -> None:
    shop.act("pause")
    shop.app.create("P1")
    until(lambda: shop.sink()["lag_events"] == 1)
    skipped = shop.act("rewind", {"to": "now"}).json()
    assert (skipped["state"], skipped["lag_events"]) == ("paused", 0)
    shop.act("resume")
    shop.app.create("P2")
    until(lambda: shop.received() == 1)
    assert json.loads(shop.receiver.received[0].body)["subject"] == "P2"


@pytest.mark.parametrize("to", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00+02:00"])
def test_an_expired_or_future_time_is_refused_with_the_earliest_time(shop: Hooked, to: str) -> None:
    shop.app.create("P1")
    until(lambda: shop.received() == 1)
    refused = shop.act("rewind", {"to": to})
    assert (refused.status_code, refused.json()["code"]) == (422, "time-out-of-range")
    (event,) = until(lambda: shop.app.http.get("/v1/events").json()["items"])
    first = event["time"][:16]  # to the minute
    assert f"Sink webhook can be rewound to a time from {first}" in refused.json()["detail"]
    assert shop.trail() == []


@pytest.mark.parametrize(
    "body", [{}, {"to": "soon"}, {"to": 5}, {"to": None}, {"to": []}, {"at": "now"}]
)
def test_a_rewind_without_a_valid_target_is_an_invalid_request(
    unchanged: Hooked, body: object
) -> None:
    refused = unchanged.act("rewind", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")


def test_a_test_delivery_reaches_the_receiver_and_is_in_the_trail(shop: Hooked) -> None:
    answer = shop.act("test")
    assert answer.status_code == 200, answer.text
    assert "accepted" in answer.json()["answer"]
    assert json.loads(shop.receiver.received[0].body)["type"] == "stockpulse.test"
    assert shop.trail() == [("sink.tested", "local")]


@pytest.mark.parametrize("status", [410, 422, 503])
def test_a_test_that_is_not_accepted_returns_the_reason(shop: Hooked, status: int) -> None:
    shop.receiver.status = status
    answer = shop.act("test")
    assert (answer.status_code, answer.json()["code"]) == (502, "sink-test-failed")
    assert str(status) in answer.json()["detail"]
    assert shop.sink()["state"] == "running", "a test pauses nothing"
    assert shop.trail() == [("sink.tested", "local")]


def test_redrive_delivers_all_dead_letters_of_the_sink(shop: Hooked) -> None:
    shop.receiver.status = 422
    for product in ("P1", "P2", "P3"):
        shop.app.create(product)
    until(lambda: len(shop.letters()) == 3)
    shop.receiver.status = 204
    answer = shop.act("redrive")
    assert (answer.status_code, answer.json()) == (202, {"name": "webhook", "status": "due"})
    until(lambda: not shop.letters())
    redriven = {json.loads(r.body)["subject"] for r in shop.receiver.received[-3:]}
    assert redriven == {"P1", "P2", "P3"}


def test_a_redrive_that_is_refused_again_keeps_the_letters_with_one_more_attempt(
    shop: Hooked,
) -> None:
    shop.receiver.status = 422
    shop.app.create("P1")
    (letter,) = until(shop.letters)
    shop.act("redrive")
    until(lambda: [one["attempts"] for one in shop.letters()] == [letter["attempts"] + 1])
    assert not shop.letters()[0]["due"]


def test_requests_with_the_same_idempotency_key_act_once(shop: Hooked) -> None:
    first = shop.act("pause", **{"Idempotency-Key": "k"})
    shop.act("resume")
    again = shop.act("pause", **{"Idempotency-Key": "k"})
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert shop.sink()["state"] == "running"


def test_concurrent_actions_are_applied_one_after_the_other(shop: Hooked) -> None:
    threads = [threading.Thread(target=shop.act, args=("pause",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.sink()["version"] == len(shop.trail()) == 4


def test_only_a_sink_that_can_be_rebuilt_is(shop: Hooked) -> None:
    refused = shop.act("rebuild")
    assert (refused.status_code, refused.json()["code"]) == (409, "sink-not-configured")
    assert refused.json()["detail"] == "Sink webhook has no rebuild: rewind it."
    for name in ("alerts", "notifications"):  # no setting enables these
        refused = shop.app.http.post(f"/v1/sinks/{name}/rebuild")
        assert refused.json()["detail"] == f"Sink {name} has no rebuild: rewind it."
    assert shop.trail() == []
    with with_rebuilds("webhook"):
        begun = shop.act("rebuild")
    assert (begun.status_code, begun.json()["answer"]) == (202, "A worker builds it again.")
    assert shop.trail() == [("sink.rebuilt", "local")]


@pytest.mark.parametrize("name", ["nope", "audit", "%2F", "Webhook", "x" * 3000, "%00", "~"])
def test_an_unknown_sink_is_refused_with_the_known_ones(unchanged: Hooked, name: str) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/test", None),
        ("POST", "/rebuild", None),
        ("POST", "/rewind", {"to": "now"}),
    ):
        content = {} if body is None else {"json": body}
        answer = unchanged.app.http.request(method, f"{SINKS}/{name}{path}", **content)
        assert (answer.status_code, answer.json()["code"]) == (404, "sink-not-found"), answer.text
        assert answer.json()["detail"].endswith("Known sinks: alerts, notifications, webhook.")
        assert len(answer.json()["detail"]) < 400
