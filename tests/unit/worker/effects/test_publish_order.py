"""Batches are published in the order of their stamps, and none waits for ever."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor, CursorClock
from tests.support.builders import an_event
from worker.effects.publish_order import PublishOrder

SECONDS = 5


@pytest.fixture
def published() -> list[Cursor]:
    return []


@pytest.fixture
def shards() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    """One thread for each of two shards."""
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        yield first, second


def arrived(*stamps: Cursor) -> list[Arrived]:
    return [(stamp, an_event(number)) for number, stamp in enumerate(stamps)]


def make(published: list[Cursor], wait_limit: float = SECONDS):
    order = PublishOrder(CursorClock(0).stamp, wait_limit)

    def note(batch: Sequence[Arrived]) -> None:
        published.extend(cursor for cursor, _ in batch)

    return order, order.in_turn(note)


def test_a_later_stamp_waits_for_an_earlier_one(published, shards) -> None:
    order, publish = make(published)
    early, late = (shard.submit(order.stamp).result() for shard in shards)
    waiting = shards[1].submit(publish, arrived(late))
    with pytest.raises(TimeoutError):
        waiting.result(0.05)
    assert published == []
    shards[0].submit(publish, arrived(early)).result(SECONDS)
    waiting.result(SECONDS)
    assert published == [early, late]


def test_a_failed_attempt_does_not_delay_other_batches(published, shards) -> None:
    order, publish = make(published)
    shards[0].submit(order.stamp).result()
    late = shards[1].submit(order.stamp).result()
    shards[0].submit(order.drop).result()
    shards[1].submit(publish, arrived(late)).result(SECONDS)
    assert published == [late]


def test_an_unused_stamp_of_a_halved_batch_does_not_delay_other_batches(published, shards) -> None:
    order, publish = make(published)
    _refused, first_half, second_half = (shards[0].submit(order.stamp).result() for _ in range(3))
    late = shards[1].submit(order.stamp).result()
    shards[0].submit(publish, arrived(first_half, second_half)).result(SECONDS)
    shards[1].submit(publish, arrived(late)).result(SECONDS)
    assert published == [first_half, second_half, late]


def test_another_shard_s_batch_can_be_published_between_two_halves(published, shards) -> None:
    order, publish = make(published)
    first = shards[0].submit(order.stamp).result()
    between = shards[1].submit(order.stamp).result()
    second = shards[0].submit(order.stamp).result()
    halves = shards[0].submit(publish, arrived(first, second))
    shards[1].submit(publish, arrived(between)).result(SECONDS)
    halves.result(SECONDS)
    assert published == [first, between, second]


def test_a_failed_publication_does_not_delay_other_batches(published, shards) -> None:
    order, publish = make(published)

    def fail(_: Sequence[Arrived]) -> None:
        raise ValueError("no broker")

    early, late = (shard.submit(order.stamp).result() for shard in shards)
    failing = shards[0].submit(order.in_turn(fail), arrived(early))
    with pytest.raises(ValueError, match="no broker"):
        failing.result(SECONDS)
    shards[1].submit(publish, arrived(late)).result(SECONDS)
    assert published == [late]


def test_waiting_for_the_stamp_of_a_dead_thread_times_out(published, shards) -> None:
    order, publish = make(published, wait_limit=0.05)
    dead = threading.Thread(target=order.stamp)
    dead.start()
    dead.join()
    late = shards[1].submit(order.stamp).result()
    shards[1].submit(publish, arrived(late)).result(SECONDS)
    assert published == [late]


def test_many_threads_publish_in_the_order_of_their_stamps(published) -> None:
    order, publish = make(published)

    def one_batch(number: int) -> None:
        stamp = order.stamp()
        if number % 3 == 0:  # an attempt that fails and is repeated
            order.drop()
            stamp = order.stamp()
        publish(arrived(stamp))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one_batch, range(200)))
    assert len(published) == 200
    assert published == sorted(published)
