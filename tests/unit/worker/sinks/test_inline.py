"""In Lambda each record gets one attempt and then its lane; what lies behind it waits there."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from app.events import ChangeEvent
from app.store.dead_letters import LaneID
from app.store.letters import Letter
from tests.support.builders import STREAM_ARN, an_event
from worker.retry import Retry, Stopped
from worker.sinks.bounded import Bounded
from worker.sinks.inline import LEFT_ALONE, InlineSinks
from worker.sinks.sink import Sink, Taken


class Table:
    """Lanes and letters in memory."""

    def __init__(self, *open_lanes: LaneID) -> None:
        self.lanes = set(open_lanes)
        self.letters: list[Letter] = []

    def which_open(self, ids: Iterable[LaneID]) -> set[LaneID]:
        return self.lanes & set(ids)

    def park(self, letters: Sequence[Letter]) -> None:
        self.letters += letters


def inline(table: Table, clock: Callable[[], float] = time.monotonic, **sinks: Any) -> InlineSinks:
    stop = threading.Event()
    bounded = {
        name: Bounded(Sink(name, deliver), stop, seconds=0.02) for name, deliver in sinks.items()
    }
    return InlineSinks(bounded, table, table, Retry(stop), clock)  # type: ignore[arg-type]


def taken(*products: str) -> list[Taken]:
    return [
        Taken(an_event(number, product_id=product), {"number": number})
        for number, product in enumerate(products, 1)
    ]


def refuse(product_id: str, got: list[str]) -> Any:
    def deliver(event: ChangeEvent) -> None:
        if event.product_id == product_id:
            raise ConnectionError("no route")
        got.append(event.product_id)

    return deliver


def test_what_fails_opens_a_lane_and_what_follows_waits_in_it() -> None:
    table, got, other = Table(), [], []
    inline(table, archive=refuse("a", got), other=lambda e: other.append(e.product_id)).take(
        STREAM_ARN, taken("a", "b", "a")
    )
    assert (got, other) == (["b"], ["a", "b", "a"])
    assert [(x.sink, x.product_id, x.state, x.attempts) for x in table.letters] == [
        ("archive", "a", "parked", 1),
        ("archive", "a", "waiting", 0),
    ]


def test_a_lane_that_another_opened_is_not_overtaken() -> None:
    table, got = Table(("archive", "a")), []
    inline(table, archive=refuse("-", got)).take(STREAM_ARN, taken("a", "b"))
    assert got == ["b"]
    assert [(x.product_id, x.state) for x in table.letters] == [("a", "waiting")]


def test_a_sink_that_hung_is_left_alone_for_a_minute() -> None:
    release, begun, now = threading.Event(), [], [0.0]

    def hang(event: ChangeEvent) -> None:
        begun.append(event)
        release.wait(5)

    table = Table()
    sinks = inline(table, lambda: now[0], archive=hang)
    sinks.take(STREAM_ARN, taken("a", "b"))
    now[0] = LEFT_ALONE - 1
    sinks.take(STREAM_ARN, taken("c"))
    assert len(begun) == 1
    assert [x.state for x in table.letters] == ["parked"] * 3
    release.set()
    now[0] = LEFT_ALONE
    sinks.take(STREAM_ARN, taken("d"))
    assert len(begun) == 2
    assert len(table.letters) == 3


def test_a_stop_leaves_the_batch_to_come_again() -> None:
    def stopped(_: ChangeEvent) -> None:
        raise Stopped

    table = Table()
    with pytest.raises(Stopped):
        inline(table, archive=stopped).take(STREAM_ARN, taken("a"))
    assert table.letters == []


def test_without_sinks_nothing_is_asked() -> None:
    table = Table()
    inline(table).take(STREAM_ARN, taken("a"))
    assert table.letters == []
