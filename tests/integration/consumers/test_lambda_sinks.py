"""The Lambda functions for the sinks and for the stream, on real tables."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.config.settings import Settings
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.feed.shared_clock import ClockRow, SharedClock
from tests.integration.consumers.kit import Recorder, Shop
from tests.support.builders import an_item, as_lambda, inserted
from tests.support.processes.running import settings_for
from tests.support.waiting import until
from worker.aws_lambda.invocation import LambdaHost, budget
from worker.aws_lambda.setup import make_host
from worker.consumers.sink import Sink

KEY = "k1:" + "a2V5" * 11
SECONDS = 4.0  # duration of an invocation


@pytest.fixture
def settings(endpoint: str, tmp_path: Any) -> Settings:
    return settings_for(endpoint, tmp_path, audit_keys=KEY)


def host(shop: Shop, recorder: Recorder) -> LambdaHost:
    """A container with one sink."""
    clients = connect(shop.settings.dynamodb, tries=1)
    clock = SharedClock(ClockRow(clients.tables, shop.names.checkpoints, CONSUMER))
    sinks = [Sink("archive", recorder)]
    return make_host(shop.settings, clients, shop.names, lambda _: None, clock, sinks)


def take_first_position(shop: Shop, recorder: Recorder) -> None:
    """Let the sink begin at the head; on a busy machine this takes more than one invocation."""

    def is_begun() -> bool:
        host(shop, recorder).tick("sinks", 1.0)
        return shop.row("archive").cursor is not None

    until(is_begun)


def batch(*numbers: int) -> list[dict[str, Any]]:
    """One record per product, in Lambda's shape."""
    return [
        as_lambda(inserted(an_item(f"p{number}", Stock=number), sequence_number=str(number)))
        for number in numbers
    ]


@pytest.fixture
def stream(shop: Shop) -> Iterator[LambdaHost]:
    """The stream's function, whose sink must never be called."""
    recorder = Recorder()
    yield host(shop, recorder)
    assert recorder.got == []


def test_each_event_is_delivered_once_over_two_invocations(
    shop: Shop, stream: LambdaHost, recorder: Recorder
) -> None:
    threads = set(threading.enumerate())
    sinks = host(shop, recorder)
    started = time.monotonic()
    assert sinks.tick("sinks", SECONDS) == {"done": "sinks"}  # nothing was published before
    assert budget(SECONDS) <= time.monotonic() - started < SECONDS
    first = shop.row("archive")
    assert first.cursor is not None
    assert first.owner is None
    assert recorder.got == []

    assert stream.handle_batch(batch(1, 2, 3), 30) == {"batchItemFailures": []}
    assert recorder.got == []  # nothing runs between two invocations
    assert sinks.tick("sinks", SECONDS) == {"done": "sinks"}
    assert recorder.got == [("p1", 1), ("p2", 2), ("p3", 3)]

    assert stream.handle_batch(batch(4), 30) == {"batchItemFailures": []}
    assert host(shop, recorder).tick("sinks", SECONDS) == {"done": "sinks"}  # another container
    assert recorder.got == [("p1", 1), ("p2", 2), ("p3", 3), ("p4", 4)]
    row = shop.row("archive")
    assert row.cursor is not None
    assert row.owner is None
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not {name for name in left if not name.startswith("uvloop")}, "of other tests' servers"


def test_an_invocation_does_not_take_a_sink_that_another_runs(
    shop: Shop, stream: LambdaHost, recorder: Recorder
) -> None:
    take_first_position(shop, recorder)
    assert stream.handle_batch(batch(*range(1, 40)), 30) == {"batchItemFailures": []}
    overlapping = threading.Thread(target=host(shop, recorder).tick, args=("sinks", SECONDS))
    overlapping.start()
    until(lambda: shop.row("archive").owner)
    host(shop, recorder).tick("sinks", SECONDS / 2)
    overlapping.join()
    assert sorted(stock or 0 for _, stock in recorder.got) == list(range(1, 40))


def test_a_busy_sink_saves_its_position_at_the_deadline(
    shop: Shop, stream: LambdaHost, recorder: Recorder
) -> None:
    take_first_position(shop, recorder)
    recorder.before_each = lambda _event: time.sleep(0.02)
    assert stream.handle_batch(batch(*range(1, 150)), 30) == {"batchItemFailures": []}
    for _ in range(20):
        host(shop, recorder).tick("sinks", 2.0)
        assert shop.row("archive").owner is None
        if len(recorder.got) >= 149:
            break
    assert [stock for _, stock in recorder.got] == list(range(1, 150))
