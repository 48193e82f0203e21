"""Batches of different products run in parallel; a page fails only after all have ended."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, Arrived
from app.store.coordination.hold import Hold
from app.store.coordination.leases import LeaseLost
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import ROW_LIMIT
from tests.support.builders import STAMPS, STREAM_ARN, an_item, as_boto3, modified
from worker.effects.publish_order import PublishOrder
from worker.pipeline.pipeline import Pipeline

SOON = 5.0  # seconds


class Meeting:
    """An audit in which no batch becomes durable before `batches` of them are running."""

    def __init__(self, batches: int) -> None:
        self._met = threading.Barrier(batches, timeout=SOON)
        self.order = PublishOrder(CursorClock(0).stamp, wait_limit=SOON)
        self.published: list[tuple[str, int | None]] = []
        self.fails_for: str | None = None
        self.ended = 0
        self.after_met: Callable[[set[str]], None] = lambda _products: None

    def accept(self, events: Sequence[ChangeEvent], hold: Hold | None = None) -> Appended:
        stamp = self.order.stamp()
        products = {event.product_id for event in events}
        try:
            self._met.wait()
            self.after_met(products)
            if self.fails_for in products:
                self.order.drop()
                raise LeaseLost
        finally:
            self.ended += 1
        return Appended([(stamp.at(n), event) for n, event in enumerate(events)], [])

    def publish(self, arrived: Sequence[Arrived]) -> None:
        self.published += [(event.product_id, event.stock_after) for _, event in arrived]

    def pipeline(self) -> Pipeline:
        publish = self.order.in_turn(self.publish)
        retry = Retry(threading.Event())
        return Pipeline(self, publish, None, retry, STAMPS, parallelization_factor=3)  # type: ignore[arg-type]


def page(changes: int, products: int) -> list[dict[str, Any]]:
    """Return `changes` changes that rotate over `products`; each raises the stock by one."""
    return [
        as_boto3(
            modified(
                an_item(f"P{n % products}", Stock=n // products),
                an_item(f"P{n % products}", Stock=n // products + 1),
                sequence_number=str(n + 1),
            )
        )
        for n in range(changes)
    ]


def test_batches_of_different_products_run_in_parallel_and_each_product_keeps_its_order() -> None:
    meeting = Meeting(3)
    meeting.pipeline().process(page(3 * ROW_LIMIT, 9), STREAM_ARN)
    assert len(meeting.published) == 3 * ROW_LIMIT
    for product in {name for name, _ in meeting.published}:
        assert [stock for name, stock in meeting.published if name == product] == list(range(1, 9))


def test_one_product_is_written_by_one_thread_at_a_time() -> None:
    meeting = Meeting(1)
    threads: set[int] = set()
    meeting.after_met = lambda _products: threads.add(threading.get_ident())
    meeting.pipeline().process(page(3 * ROW_LIMIT, 1), STREAM_ARN)
    assert threads == {threading.get_ident()}
    assert [stock for _, stock in meeting.published] == list(range(1, 3 * ROW_LIMIT + 1))


@pytest.mark.parametrize("product", ["P0", "P8"])
def test_an_error_of_one_part_is_raised_after_all_parts_have_ended(product: str) -> None:
    meeting = Meeting(3)
    meeting.fails_for = product
    with pytest.raises(LeaseLost):
        meeting.pipeline().process(page(3 * ROW_LIMIT, 9), STREAM_ARN)
    assert meeting.ended == 3
    assert product not in dict(meeting.published)
    assert len(dict(meeting.published)) in range(1, 9)


def test_a_page_of_one_batch_starts_no_thread() -> None:
    meeting, threads = Meeting(1), set[int]()
    meeting.after_met = lambda _products: threads.add(threading.get_ident())
    meeting.pipeline().process(page(ROW_LIMIT, ROW_LIMIT), STREAM_ARN)
    assert (len(meeting.published), threads) == (ROW_LIMIT, {threading.get_ident()})
