"""A broker that is away holds its shard; what it takes too late goes out with a new stamp."""

import threading
from collections.abc import Sequence

import pytest

from app.broker.redis.connection import BrokerUnavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry, Stopped
from app.store.audit.audit_repository import Arrived
from app.store.coordination.leases import LeaseLost, Unleased
from tests.support.builders import a_cursor, arrivals
from worker.effects.broker_publisher import BrokerPublisher
from worker.effects.publish_order import PublishOrder


class Broker:
    """Refuses so many calls, each of which takes so many seconds."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures, self.seconds = failures, seconds
        self.now = 0.0
        self.taken: list[Sequence[Arrived]] = []
        self.restamps = 0

    def publish(self, arrived: Sequence[Arrived]) -> None:
        self.now += self.seconds
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("away")
        self.taken.append(arrived)

    def restamp(self, events: Sequence[ChangeEvent]) -> list[Arrived]:
        self.restamps += 1
        stamp = a_cursor(1_000 * self.restamps)
        return [(stamp.at(n), event) for n, event in enumerate(events)]


class Patient(threading.Event):
    """Never waits; stops after so many pauses."""

    def __init__(self, stop_after: int = 1_000) -> None:
        super().__init__()
        self._left = stop_after

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        return self._left < 0


def sink_of(broker: Broker, stop: threading.Event | None = None) -> BrokerPublisher:
    order = PublishOrder(lambda: a_cursor(0))
    retry = Retry(stop or Patient())
    return BrokerPublisher(broker.publish, order, broker.restamp, retry, lambda: broker.now)


def test_what_is_taken_at_once_keeps_its_stamp() -> None:
    broker = Broker(failures=0, seconds=0.1)
    sink_of(broker).accept(batch := arrivals([1]))
    assert (broker.taken, broker.restamps) == ([batch], 0)


def test_a_short_outage_is_waited_out_with_the_same_stamp() -> None:
    broker = Broker(failures=4, seconds=0.3)
    sink_of(broker).accept(batch := arrivals([1]))
    assert (broker.taken, broker.restamps) == ([batch], 0)


def test_in_a_long_outage_events_get_a_fresh_stamp_every_few_seconds() -> None:
    broker = Broker(failures=60, seconds=0.5)
    batch = arrivals([1])
    sink_of(broker).accept(batch)
    (taken,) = broker.taken
    assert [event for _, event in taken] == [event for _, event in batch]
    assert taken[0][0] == a_cursor(1_000 * broker.restamps)
    assert 30 / 3 - 1 <= broker.restamps <= 30 / 2


def test_what_was_taken_late_goes_out_again_with_a_fresh_stamp() -> None:
    broker = Broker(failures=0, seconds=4)
    publish = broker.publish

    def quicker(arrived: Sequence[Arrived]) -> None:
        publish(arrived)
        broker.seconds = 0.1

    broker.publish = quicker  # type: ignore[method-assign]
    sink_of(broker).accept(batch := arrivals([1]))
    assert broker.taken == [batch, [(a_cursor(1_000), batch[0][1])]]


def test_with_the_lease_lost_nothing_gets_a_stamp_or_goes_out() -> None:
    class Lost(Unleased):
        def check(self) -> None:
            raise LeaseLost

    broker = Broker(failures=60, seconds=1)
    with pytest.raises(LeaseLost):
        sink_of(broker).accept(arrivals([1]), Lost())
    assert (broker.taken, broker.restamps) == ([], 0)


def test_a_stop_ends_the_tries() -> None:
    broker = Broker(failures=60, seconds=0)
    with pytest.raises(Stopped):
        sink_of(broker, Patient(stop_after=3)).accept(arrivals([1]))
    assert broker.taken == []
