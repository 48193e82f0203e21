"""Once a shard was let go, or is known to be lost, no delivery of it begins."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.events import ChangeEvent
from app.store.leases import Lease, LeaseLost, Unleased
from tests.support.builders import STREAM_ARN
from tests.support.sinking import change
from tests.support.waiting import until
from worker.retry import Retry, Stopped
from worker.sinks.bounded import Bounded
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.outlet import Outlet
from worker.sinks.policy import RetryPolicy
from worker.sinks.sink import HOLD_LIFE, Holding, Sink, Taken
from worker.stream.decode import decode
from worker.stream.pages import ShardGone
from worker.stream.readers import Readers
from worker.work import ShardWork

LEASE = Lease("stockpulse", STREAM_ARN, "s1", "ada", 1)


class Slow:
    """A sink whose first delivery lasts until it is told to go on."""

    def __init__(self) -> None:
        self.begun: list[int | None] = []
        self.go_on = threading.Event()

    def __call__(self, event: ChangeEvent) -> None:
        self.begun.append(event.stock_after)
        self.go_on.wait(10)


class Direct:
    """A pipeline of which everything is published at once."""

    def process(self, records: Any, stream_arn: str, _hold: Any, then: Any, _guard: Any) -> None:
        then([Taken(decode(record, stream_arn), record) for record in records])


@pytest.fixture
def outlet() -> Iterator[tuple[Slow, Outlet]]:
    slow, stop = Slow(), threading.Event()
    sink, nothing = Sink("slow", slow), Any
    made = Outlet(
        sink,
        Bounded(sink, stop, 10),
        nothing,
        nothing,
        OpenLanes(),
        Retry(stop),
        stop,
        RetryPolicy(),
    )
    with made:
        yield slow, made
        slow.go_on.set()


def work_for(outlet: Outlet) -> ShardWork:
    """The work of one lease."""
    lanes: Any = type("NoLanes", (), {"open": list})
    retry = Retry(threading.Event())
    return ShardWork(
        STREAM_ARN,
        Unleased(),
        Direct(),  # type: ignore[arg-type]
        [outlet],
        lanes,
        OpenLanes(),
        retry,
    )


def test_what_waits_behind_a_delivery_is_dropped_and_the_delivery_may_end(
    outlet: tuple[Slow, Outlet],
) -> None:
    slow, sink = outlet
    work, of_next_lease = work_for(sink), work_for(sink)
    work.process([change("P1", number) for number in range(1, 6)])
    until(lambda: slow.begun == [1])
    work.end()
    of_next_lease.process([change("P1", 6)])
    slow.go_on.set()
    until(lambda: len(slow.begun) > 1)
    assert slow.begun == [1, 6]
    assert work.durable() == str(10**20 + 1)


def test_a_hold_that_is_lost_is_not_renewed_however_young_the_last_look() -> None:
    shard = Holding(Unleased(), sure_at=100.0)
    shard.renew(100.0)
    shard.lost = True
    for moment in (100.0, 101.0 + HOLD_LIFE):
        with pytest.raises(LeaseLost):
            shard.renew(moment)


def test_nor_where_it_was_let_go_during_the_look() -> None:
    class LetGo(Unleased):
        def check(self) -> None:
            shard.lost = True

    shard = Holding(LetGo(), sure_at=100.0)
    with pytest.raises(LeaseLost):
        shard.renew(101.0 + HOLD_LIFE)


class Told:
    """A reader and the leases, which write down what is asked of them."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.log: list[str] = []
        self._run = run

    def run(self, _stop: threading.Event) -> None:
        self.log.append("run")
        self._run()

    def give_up(self, _stop: threading.Event) -> None:
        self.log.append("give up")

    def end(self) -> None:
        self.log.append("end")

    def leave(self) -> None:
        self.log.append("leave")

    def release(self, _lease: Lease) -> None:
        self.log.append("release")


def fails(error: Exception) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "log"),
    [
        (lambda: None, ["run", "end", "release"]),
        (fails(Stopped()), ["run", "end", "release"]),
        (fails(LeaseLost()), ["run", "end"]),
        (fails(ShardGone()), ["run", "give up", "end", "release"]),
    ],
)
def test_a_reader_s_work_ends_before_its_shard_is_let_go(
    run: Callable[[], None], log: list[str]
) -> None:
    told, ended = Told(run), threading.Event()
    readers = Readers(told, threading.Event(), ended.set, one_log=False)  # type: ignore[arg-type]
    readers.start(LEASE, told)  # type: ignore[arg-type]
    assert ended.wait(10)
    assert told.log == log


def test_a_shard_that_is_seen_to_be_another_s_ends_at_once() -> None:
    go_on, ended = threading.Event(), threading.Event()
    told = Told(lambda: go_on.wait(10) and None)
    readers = Readers(told, threading.Event(), ended.set, one_log=False)  # type: ignore[arg-type]
    readers.start(LEASE, told)  # type: ignore[arg-type]
    until(lambda: told.log == ["run"])
    readers.lose((STREAM_ARN, "s1"))
    assert told.log == ["run", "end", "leave"]
    go_on.set()
    assert ended.wait(10)
