"""An unreachable broker holds its shard; events that it accepts too late get a new stamp."""

import threading
from collections.abc import Sequence

import pytest

from app.broker.redis.connection import BrokerUnavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry, Stopped
from app.store.audit.audit_repository import Arrived
from app.store.coordination.hold import Unleased
from app.store.coordination.leases import LeaseLost
from tests.support.builders import a_cursor, arrivals
from worker.effects.publish_order import BrokerPublisher, PublishOrder


class Broker:
    """Fails for the first `failures` calls; each call takes `seconds`."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures, self.seconds = failures, seconds
        self.now = 0.0
        self.taken: list[Sequence[Arrived]] = []
        self.restamps = 0

    def publish(self, arrived: Sequence[Arrived]) -> None:
        self.now += self.seconds
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("down")
        self.taken.append(arrived)

    def restamp(self, events: Sequence[ChangeEvent]) -> list[Arrived]:
        self.restamps += 1
        stamp = a_cursor(1_000 * self.restamps)
        return [(stamp.at(n), event) for n, event in enumerate(events)]


class NoWait(threading.Event):
    """Never waits; is set after `stop_after` waits."""

    def __init__(self, stop_after: int = 1_000) -> None:
        super().__init__()
        self._left = stop_after

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        return self._left < 0


def publisher_of(broker: Broker, stop: threading.Event | None = None) -> BrokerPublisher:
    order = PublishOrder(lambda: a_cursor(0))
    retry = Retry(stop or NoWait())
    return BrokerPublisher(broker.publish, order, broker.restamp, retry, lambda: broker.now)


def test_events_that_are_accepted_at_once_keep_their_stamp() -> None:
    broker = Broker(failures=0, seconds=0.1)
    publisher_of(broker).accept(batch := arrivals([1]))
    assert (broker.taken, broker.restamps) == ([batch], 0)


def test_events_keep_their_stamp_during_a_short_outage() -> None:
    broker = Broker(failures=4, seconds=0.3)
    publisher_of(broker).accept(batch := arrivals([1]))
    assert (broker.taken, broker.restamps) == ([batch], 0)


def test_events_get_a_new_stamp_every_few_seconds_during_a_long_outage() -> None:
    broker = Broker(failures=60, seconds=0.5)
    batch = arrivals([1])
    publisher_of(broker).accept(batch)
    (taken,) = broker.taken
    assert [event for _, event in taken] == [event for _, event in batch]
    assert taken[0][0] == a_cursor(1_000 * broker.restamps)
    assert 30 / 3 - 1 <= broker.restamps <= 30 / 2


def test_events_that_are_accepted_late_are_published_again_with_a_new_stamp() -> None:
    broker = Broker(failures=0, seconds=4)
    publish = broker.publish

    def quicker(arrived: Sequence[Arrived]) -> None:
        publish(arrived)
        broker.seconds = 0.1

    broker.publish = quicker  # type: ignore[method-assign]
    publisher_of(broker).accept(batch := arrivals([1]))
    assert broker.taken == [batch, [(a_cursor(1_000), batch[0][1])]]


def test_nothing_is_stamped_or_published_after_the_lease_is_lost() -> None:
    class Lost(Unleased):
        def check(self) -> None:
            raise LeaseLost

    broker = Broker(failures=60, seconds=1)
    with pytest.raises(LeaseLost):
        publisher_of(broker).accept(arrivals([1]), Lost())
    assert (broker.taken, broker.restamps) == ([], 0)


def test_a_stop_ends_the_retries() -> None:
    broker = Broker(failures=60, seconds=0)
    with pytest.raises(Stopped):
        publisher_of(broker, NoWait(stop_after=3)).accept(arrivals([1]))
    assert broker.taken == []
