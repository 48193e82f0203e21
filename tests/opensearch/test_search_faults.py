"""An outage is lag, a refused event is a dead letter, and nothing is lost."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.core.events import ChangeEvent, event_id
from tests.opensearch.kit import LONG, SearchShop
from tests.opensearch.search_proxy import SearchProxy, response, search_proxy
from tests.support.waiting import until
from worker.consumers.sink import Unavailable


@pytest.fixture
def proxy(shop: SearchShop) -> Iterator[SearchProxy]:
    """A proxy between the sink and the node."""
    with search_proxy(shop.node.url) as proxy:
        shop.url = proxy.url
        yield proxy


def is_bulk(request: bytes) -> bool:
    """Whether the request writes documents."""
    return request.startswith(b"POST /_bulk")


def newer(event: ChangeEvent) -> ChangeEvent:
    """An event that the index does not have yet."""
    return replace(event, event_key=f"2099-01-01T00:00:00.000#{7:040d}")


def test_retry_after_is_obeyed_and_the_message_says_what_is_wrong(
    shop: SearchShop, proxy: SearchProxy
) -> None:
    overloaded = b'{"error": {"type": "circuit_breaking_exception", "reason": "too much"}}'
    answers = {
        429: (response(429, overloaded, Retry_After="7"), "asks to send less", 7.0),
        401: (response(401), "refuses the user or password", None),
        403: (response(403), "does not permit", None),
        503: (response(503, b"<html>", Retry_After="2"), "answered 503", 2.0),
        200: (response(200, b"<html>"), "does not answer as OpenSearch", None),
        301: (response(301, b"", Location="https://elsewhere"), "redirects", None),
        0: (b"", "cannot be reached", None),
    }
    with shop.following():
        shop.put("P1", 1)
        shop.until_live()
    events = shop.events("P1")
    with shop.sink() as sink:
        for answer, words, seconds in answers.values():
            proxy.fault = lambda _request, answer=answer: answer
            with pytest.raises(Unavailable, match=words) as caught:
                sink.deliver(events)
            assert (caught.value.retry_after, caught.value.delivered) == (seconds, 0)
        proxy.fault = lambda request: answers[429][0] if is_bulk(request) else None
        with pytest.raises(Unavailable, match="circuit_breaking_exception: too much"):
            sink.deliver([newer(events[0])])


def test_a_lost_answer_and_busy_items_end_in_the_same_documents(
    shop: SearchShop, proxy: SearchProxy
) -> None:
    lost = 0

    def after(request: bytes, answer: bytes) -> bytes:
        nonlocal lost
        if not is_bulk(request):
            return answer
        lost += 1
        if lost % 3 == 1:
            return b""  # the node has stored them
        if lost % 3 == 2:
            document = json.loads(answer.partition(b"\r\n\r\n")[2])
            busy = {"status": 429, "error": {"type": "rejected_execution", "reason": "full"}}
            document["items"][-1] = {"index": busy}
            return response(200, json.dumps(document).encode())
        return answer

    with shop.following():
        shop.until_live()
        proxy.after = after
        for number in range(60):
            shop.put(f"P{number % 7}", number)
        until(lambda: [shop.stock(f"P{n}") for n in range(7)] == [56, 57, 58, 59, 53, 54, 55], LONG)
        proxy.after = lambda _request, answer: answer
        assert shop.differences() == []


def test_a_node_that_hangs_is_waited_for_and_one_killed_keeps_every_document(
    shop: SearchShop,
) -> None:
    with shop.following():
        shop.until_live()
        shop.node.hang()
        shop.put("P1", 1)
        until(lambda: "did not answer within 4 s" in shop.trouble(), LONG)
        shop.node.resume()
        until(lambda: shop.stock("P1") == 1, LONG)
        for number in range(150):
            shop.put(f"P{number}", number)
            if number == 75:
                shop.node.kill()
        until(lambda: "cannot be reached" in shop.trouble(), LONG)
        shop.node.start()
        until(lambda: shop.stock("P149") == 149, LONG)
        until(lambda: not shop.row("search").health.lag_events, LONG)
        assert shop.differences() == []
        assert not list(shop.letters.all("search"))


def test_a_refused_document_becomes_a_dead_letter_and_the_event_before_it_counts(
    shop: SearchShop, proxy: SearchProxy
) -> None:
    def fault(request: bytes) -> bytes | None:
        """Refuse documents with the stock 13."""
        if not is_bulk(request) or b'"stock":13,' not in request:
            return None
        body = request.partition(b"\r\n\r\n")[2]
        refused = {"status": 400, "error": {"type": "mapper_parsing", "reason": "unlucky"}}
        count = len(body.split(b"\n")) // 2
        return response(200, json.dumps({"items": [{"index": refused}] * count}).encode())

    with shop.following():
        index = shop.until_live()
        shop.put("P1", 1)
        until(lambda: shop.stock("P1") == 1, LONG)
    shop.put("P1", 12, 13)
    with shop.worker():  # without the sink
        until(lambda: len(shop.events("P1")) == 3, LONG)
    proxy.fault = fault
    with shop.following():
        (letter,) = until(lambda: list(shop.letters.all("search")), LONG)
        assert "mapper_parsing: unlucky" in letter.error
        assert event_id(letter.product_id, letter.event_key) == shop.events("P1")[2].id
        until(lambda: shop.stock("P1") == 12, LONG)
        proxy.fault = lambda _request: None
        shop.letters.redrive(letter.id, "ada")
        until(lambda: shop.stock("P1") == 13, LONG)
        # With a changed mapping, the same refusal costs no event.
        proxy.fault = fault
        shop.node.call("PUT", f"/{index}/_mapping", {"dynamic": False})
        shop.put("P2", 13)
        until(lambda: "Somebody changed the search index" in shop.trouble(), LONG)
        assert "stockpulse sinks rebuild search" in shop.trouble()
        proxy.fault = lambda _request: None
        until(lambda: shop.stock("P2") == 13, LONG)
        assert not list(shop.letters.all("search"))


def test_a_slow_node_holds_no_call_longer_than_a_lease(
    shop: SearchShop, proxy: SearchProxy
) -> None:
    with shop.following():
        shop.put("P1", 1)
        shop.until_live()
    events = shop.events("P1")
    with shop.sink() as sink:

        def fault(_request: bytes) -> bytes | None:
            time.sleep(3)
            return None

        proxy.fault = fault
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"did not answer|takes too long"):
            sink.deliver([newer(events[0])])
        assert time.monotonic() - began < 9
