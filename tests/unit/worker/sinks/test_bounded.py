"""A delivery comes back within its time, whatever the sink does; threads are not lost for good."""

import threading
import time

import pytest

from app.events import ChangeEvent
from tests.support.builders import an_event
from worker.retry import Stopped
from worker.sinks.bounded import Bounded, DeliveryHung, SinkStuck
from worker.sinks.sink import Sink


def fail(_: ChangeEvent) -> None:
    raise ConnectionError("no route")


def test_what_the_sink_says_is_handed_on() -> None:
    got: list[ChangeEvent] = []
    stop = threading.Event()
    bounded = Bounded(Sink("archive", got.append), stop)
    bounded(an_event(1))
    assert got == [an_event(1)]
    with pytest.raises(ConnectionError, match="no route"):
        Bounded(Sink("archive", fail), stop)(an_event(1))
    bounded.close()


def test_a_sink_that_hangs_is_given_up_and_at_the_bound_not_begun() -> None:
    release = threading.Event()
    begun: list[ChangeEvent] = []

    def hang(event: ChangeEvent) -> None:
        begun.append(event)
        release.wait(10)

    bounded = Bounded(Sink("archive", hang), threading.Event(), 0.02, 2)
    for number in (1, 2):
        with pytest.raises(DeliveryHung):
            bounded(an_event(number))
    with pytest.raises(SinkStuck):
        bounded(an_event(3))
    assert len(begun) == 2
    release.set()  # who comes back late counts no more
    deadline = time.monotonic() + 5
    while bounded.abandoned:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    bounded(an_event(4))
    assert begun[-1] == an_event(4)
    bounded.close()


def test_a_stop_is_not_held_up_by_a_sink_that_hangs() -> None:
    stop, release = threading.Event(), threading.Event()

    def hang(_: ChangeEvent) -> None:
        stop.set()
        release.wait(10)

    with pytest.raises(Stopped):
        Bounded(Sink("archive", hang), stop, 30)(an_event(1))
    release.set()


@pytest.mark.parametrize("name", ["audit", "", "Archive", "a#b", "~a", "a" * 32])
def test_a_sink_needs_a_name_that_can_stand_in_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Sink(name, fail)
