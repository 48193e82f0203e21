"""A delivery is one signed POST of the event's CloudEvents object."""

import base64
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.core.events import cloud_event
from app.filters.document import wants
from app.filters.pattern import parse_filter
from tests.support.builders import an_event, an_item
from tests.support.http.receiver import SECRET, Receiver, receiving
from worker.consumers.sink import PauseSink, Unavailable
from worker.sinks.webhook import IMAGES_LIMIT, Webhook, webhook


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving("/hooks/stock?token=query-token") as running:
        yield running


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[Webhook]:
    with webhook(receiver.url, SECRET, "Products") as opened:
        yield opened


def test_the_body_is_the_cloud_event_with_its_images(hook: Webhook, receiver: Receiver) -> None:
    event = an_event(note="naïve ☕")
    assert hook.deliver([event]) == []
    (request,) = receiver.received
    assert json.loads(request.body) == cloud_event(event, "Products")
    assert request.path == "/hooks/stock?token=query-token"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["user-agent"].startswith("Stockpulse/")


def test_the_standard_webhooks_library_verifies_the_signature(
    hook: Webhook, receiver: Receiver
) -> None:
    event = an_event(note="naïve ☕")
    hook.deliver([event])
    (request,) = receiver.received
    assert Verifier(SECRET).verify(request.body, dict(request.headers))["id"] == event.id
    other = "whsec_" + base64.b64encode(b"o" * 24).decode()
    with pytest.raises(WebhookVerificationError):
        Verifier(other).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(request.body + b" ", dict(request.headers))


def test_every_attempt_has_the_events_id(hook: Webhook, receiver: Receiver) -> None:
    event = an_event()
    receiver.status = 500
    with pytest.raises(Unavailable):
        hook.deliver([event])
    receiver.status = 200
    hook.deliver([event])
    assert [request.headers["webhook-id"] for request in receiver.received] == [event.id] * 2


def test_large_images_are_omitted_and_marked(hook: Webhook, receiver: Receiver) -> None:
    def delivered(size: int) -> dict[str, object]:
        half = "x" * (size // 2)
        hook.deliver([an_event(before=an_item(Note=half), after=an_item(Note=half))])
        data: dict[str, object] = json.loads(receiver.received[-1].body)["data"]
        return data

    largest = delivered(IMAGES_LIMIT - 1024)
    assert (largest["images_omitted"], largest["after"] is None) == (False, False)
    too_large = delivered(IMAGES_LIMIT + 1024)
    assert (too_large["images_omitted"], too_large["after"]) == (True, None)
    assert too_large["stock_after"] == 9


def test_a_connection_is_reused(hook: Webhook, receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * 60_000
    for number in range(5):
        hook.deliver([an_event(number)])
    assert len({request.port for request in receiver.received}) == 1


def test_threads_deliver_in_parallel_and_share_the_connections(
    hook: Webhook, receiver: Receiver
) -> None:
    receiver.hold = threading.Barrier(4)  # each request waits until four have arrived
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: hook.deliver([an_event(number)]), range(40)))
    ids = {request.headers["webhook-id"] for request in receiver.received}
    assert ids == {an_event(number).id for number in range(40)}
    assert len({request.port for request in receiver.received}) == 4


def test_a_connection_that_the_receiver_closes_is_replaced(
    hook: Webhook, receiver: Receiver
) -> None:
    receiver.headers = {"Connection": "close"}
    for number in range(3):
        assert hook.deliver([an_event(number)]) == []
    assert len({request.port for request in receiver.received}) == 3


def test_a_long_response_only_closes_the_connection(hook: Webhook, receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * 5_000_000
    for number in range(2):
        assert hook.deliver([an_event(number)]) == []
    assert len({request.port for request in receiver.received}) == 2


def test_the_sink_takes_one_event_per_call_and_has_the_filter(hook: Webhook) -> None:
    only_mugs = wants(parse_filter('{"data": {"product_name": [{"suffix": "mug"}]}}'), "Products")
    sink = replace(hook.sink(parallelization_factor=4), wants=only_mugs)
    assert (sink.name, sink.batch_size, sink.parallelization_factor) == ("webhook", 1, 4)
    assert sink.wants(an_event())
    assert not sink.wants(an_event(product_name="Bowl"))


def test_a_test_delivery_is_signed_and_has_its_own_type(hook: Webhook, receiver: Receiver) -> None:
    sentence = hook.send_test()
    (request,) = receiver.received
    sent = Verifier(SECRET).verify(request.body, dict(request.headers))
    assert (sent["type"], sent["source"]) == ("stockpulse.test", "/tables/Products")
    assert sent["id"] == request.headers["webhook-id"]
    assert sent["id"] in sentence
    assert "query-token" not in sentence


@pytest.mark.parametrize(("status", "error"), [(503, Unavailable), (422, Unavailable)])
def test_a_test_delivery_fails_as_a_delivery_does(
    hook: Webhook, receiver: Receiver, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(error, match=f"answered {status}"):
        hook.send_test()
    receiver.status = 410
    with pytest.raises(PauseSink):
        hook.send_test()


def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with webhook(receiver.url, SECRET, "Products") as hook:
        assert hook.deliver([an_event()]) == []


def test_a_webhook_without_tls_logs_a_warning(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook(receiver.url, SECRET, "Products"):
        assert "does not use TLS" in caplog.text
    caplog.clear()
    with webhook("https://shop.example/hooks", SECRET, "Products"):
        assert caplog.text == ""


def test_errors_and_logs_contain_neither_secret_nor_query(
    hook: Webhook, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    event = an_event()
    receiver.headers = {"Location": "https://user:s3cr3t@shop.example/new?token=other-token"}
    texts = []
    for status in (200, 301, 400, 401, 404, 410, 429, 500):
        receiver.status = status
        try:
            texts += [refusal.error for refusal in hook.deliver([event])]
        except (Unavailable, PauseSink) as error:
            texts += [str(error), repr(error)]
    texts.append(caplog.text)
    for hidden in (SECRET, SECRET.removeprefix("whsec_"), "query-token", "other-token", "s3cr3t"):
        assert not [text for text in texts if hidden in text]
    assert any("https://shop.example/new" in text for text in texts)
