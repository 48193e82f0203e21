"""A queue that fails in part, answers errors or drops connections gets every change, in order."""

import json
import time
from collections import defaultdict
from typing import Any

import pytest

from tests.integration.consumers.kit import Shop
from tests.integration.sinks.fan_out.conftest import Opened
from tests.support.builders import an_event
from tests.support.fakes.queue_service import Misdeed, QueueService, queue_service
from tests.support.http.receiver import closed_port
from tests.support.waiting import until
from worker.consumers.sink import Unavailable
from worker.sinks.fan_out.fan_out_sink import FanOut, connect
from worker.sinks.fan_out.message import Form
from worker.sinks.fan_out.targets import queue

PRODUCTS, CHANGES = 15, 6


def half(entry: Any) -> bool:
    """Whether this is an entry of every other product."""
    return int(json.loads(entry["MessageBody"])["subject"]) % 2 == 0


BADLY = [
    Misdeed(refuses=half),
    Misdeed(status=500),
    Misdeed(status=429, headers={"Retry-After": "0"}, code="RequestThrottled"),
    Misdeed(refuses=lambda entry: not half(entry)),
    Misdeed(drops=True),
    Misdeed(drops=True, accepts=True),
    Misdeed(status=503, accepts=True),
    Misdeed(status=403, code="ExpiredToken"),
    Misdeed(refuses=half, code="ThrottlingException"),
]


def settings(service: QueueService) -> dict[str, Any]:
    return {"fan_out_endpoint": service.url, "sqs_queue": f"{service.url}/000000000000/stock.fifo"}


def test_every_change_arrives_in_order_whatever_the_queue_does(shop: Shop, opened: Opened) -> None:
    products = {str(number): list(range(CHANGES)) for number in range(PRODUCTS)}
    with queue_service() as service, opened(**settings(service)) as sinks, shop.worker(*sinks):
        service.misdeeds += BADLY * 2
        for stock in range(CHANGES):
            for product in products:
                shop.put(product, stock)
        until(lambda: len({event["id"] for event in service.bodies()}) == PRODUCTS * CHANGES, 30)
        until(lambda: shop.row("sqs").health.lag_events == 0)
        assert not service.misdeeds
    first: dict[str, dict[str, int]] = defaultdict(dict)  # without the duplicates, as FIFO does
    for event in service.bodies():
        first[event["subject"]].setdefault(event["id"], event["data"]["stock_after"])
    assert {name: list(got.values()) for name, got in first.items()} == products
    assert list(shop.letters.all()) == []


def test_an_entry_that_is_refused_for_its_contents_becomes_a_dead_letter(
    shop: Shop, opened: Opened
) -> None:
    with queue_service() as service, opened(**settings(service)) as sinks, shop.worker(*sinks):
        service.always = Misdeed(refuses=half, code="InvalidMessageContents")
        shop.put("1", 1)
        shop.put("2", 1)
        shop.put("3", 1)
        until(lambda: {event["subject"] for event in service.bodies()} == {"1", "3"})
        (letter,) = until(lambda: list(shop.letters.all("sqs")))
    assert letter.product_id == "2"
    assert letter.error.startswith("InvalidMessageContents")


def fan_out(url: str) -> FanOut:
    target = queue(f"{url}/000000000000/stock.fifo")
    return FanOut(target, Form("Products"), lambda one: connect(url, one))


def test_the_seconds_that_a_queue_asks_to_wait_are_kept() -> None:
    with queue_service() as service:
        service.misdeeds.append(Misdeed(status=503, headers={"Retry-After": "7"}))
        sink = fan_out(service.url)
        with pytest.raises(Unavailable) as caught:
            sink.deliver([an_event()])
        sink.close()
    assert caught.value.retry_after == 7


def test_entries_that_are_throttled_are_sent_again_in_the_same_call() -> None:
    events = [an_event(number, product_id=str(number)) for number in range(6)]
    with queue_service() as service:
        service.misdeeds += [Misdeed(refuses=half, code="ThrottlingException")] * 4
        sink = fan_out(service.url)
        assert sink.deliver(events) == []
        sink.close()
        assert [event["subject"] for event in service.bodies()] == ["1", "3", "5", "0", "2", "4"]
        assert service.requests == 5


def test_a_slow_queue_is_left_while_the_lease_holds() -> None:
    events = [an_event(number) for number in range(10)]
    with queue_service() as service:
        service.always = Misdeed(seconds=1.2)
        sink = fan_out(service.url)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="takes over 3 s") as caught:
            sink.deliver(events)  # of one product, so each is a request of its own
        sink.close()
    assert time.monotonic() - began < 6
    assert caught.value.delivered == len(service.accepted) == 3


def test_an_address_that_nobody_listens_at_is_named() -> None:
    sink = fan_out(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Unavailable, match=r"the queue http.* does not answer"):
        sink.deliver([an_event()])
    sink.close()


def test_without_credentials_the_sink_says_what_to_set() -> None:
    target = queue("https://sqs.eu-central-1.amazonaws.com/123456789012/stock")
    sink = FanOut(target, Form("Products"), lambda one: connect(None, one))
    with pytest.raises(Unavailable, match=r"STOCKPULSE_SQS_QUEUE needs .*AWS_ACCESS_KEY_ID"):
        sink.deliver([an_event()])
