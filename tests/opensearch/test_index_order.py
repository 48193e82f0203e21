"""A document has the greatest event key that was delivered, whatever the order and the repeats."""

import random
import threading
from datetime import UTC, datetime, timedelta

from app.core.events import ChangeEvent
from tests.opensearch.kit import SearchShop
from tests.support.builders import an_event, an_item
from worker.consumers.sink import Unavailable

PRODUCTS, CHANGES, WORKERS = 30, 20, 4
AFTER_THE_INDEX = datetime.now(UTC) + timedelta(hours=1)


def history(product: str) -> list[ChangeEvent]:
    """A product's changes; every second product is deleted by the last."""
    events = []
    for number in range(CHANGES):
        gone = number == CHANGES - 1 and product.endswith(("0", "2", "4", "6", "8"))
        after = None if gone else an_item(product, Stock=number)
        kind = "deleted" if gone else "stock_changed"
        events.append(
            an_event(
                number, product_id=product, after=after, kind=kind, occurred_at=AFTER_THE_INDEX
            )
        )
    return events


def test_shuffled_and_repeated_events_of_four_workers_leave_the_newest(shop: SearchShop) -> None:
    events = [event for number in range(PRODUCTS) for event in history(f"P{number}")]
    with shop.sink() as sink:
        assert sink.clock is not None
        while sink.clock(0) < 1:
            pass
    finished: list[int] = []

    def deliver(seed: int) -> None:
        waiting = events + events[::3]
        random.Random(seed).shuffle(waiting)
        with shop.sink() as sink:
            while waiting:
                try:
                    assert sink.deliver(waiting[:100]) == []
                    waiting = waiting[100:]
                except Unavailable as error:  # the others changed the same documents
                    waiting = waiting[error.delivered :]
        finished.append(seed)

    threads = [threading.Thread(target=deliver, args=(seed,)) for seed in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(finished) == list(range(WORKERS))
    for number in range(PRODUCTS):
        last = history(f"P{number}")[-1]
        document = shop.document(last.product_id)
        assert document["event_key"] == last.event_key
        assert document["deleted"] == (last.kind == "deleted")
        assert document.get("stock") == (None if last.after is None else CHANGES - 1)


def test_an_event_behind_a_deletion_changes_nothing_and_counts_as_delivered(
    shop: SearchShop,
) -> None:
    events = history("P0")
    with shop.sink() as sink:
        assert sink.clock is not None
        while sink.clock(0) < 1:
            pass
        assert sink.deliver(events) == []
        before = shop.node.call("GET", f"/{shop.alias}/_doc/P0")
        assert sink.deliver(events[:5]) == []
    with shop.sink() as other:  # one that remembers nothing
        assert other.deliver(events[:-1]) == []
        assert other.deliver(events) == []
    assert before["_source"]["deleted"]
    assert shop.node.call("GET", f"/{shop.alias}/_doc/P0") == before, "not even a new version"
