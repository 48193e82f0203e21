"""The ring is loaded from the feed, and a sweep adds events that no process published."""

import asyncio
import threading
from typing import Any

import pytest

from app.broker import heartbeat
from app.broker.in_process import InProcessBroker
from tests.support.builders import a_cursor, arrivals
from tests.unit.broker.kit import HeldFeed, MemoryFeed, connected, live, turns

pytestmark = pytest.mark.anyio


async def test_publishing_before_the_broker_runs_fills_the_ring() -> None:
    broker = InProcessBroker(MemoryFeed(), "Products", version="1")
    broker.publish(arrivals([1]))
    broker.publish([])
    async with broker.running(), connected(broker, str(a_cursor(1))) as client:
        broker.publish(arrivals([2]))
        assert (await client.until(1)).changes == [2]


async def test_ring_is_loaded_from_the_feed() -> None:
    feed = MemoryFeed()
    feed.add(arrivals(range(1, 6)))
    async with live(feed, max_events=3) as broker:
        assert broker.head == str(a_cursor(5))
        async with connected(broker, str(a_cursor(3))) as client:
            assert (await client.now()).changes == [4, 5]
    assert feed.reads == 0


async def test_sweep_adds_events_that_another_process_wrote_but_did_not_publish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "SWEEP", 0.005)
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: a_cursor(60_000).ms)
    feed = MemoryFeed()
    async with live(feed) as broker, connected(broker) as client:
        broker.publish(feed.add(arrivals([1])))
        await client.until(1)
        feed.add(arrivals([2]))
        assert (await client.until(2)).changes == [1, 2]


class SweptFeed(MemoryFeed):
    """Signals when it is read again, because the first read is then in the ring."""

    def __init__(self) -> None:
        super().__init__()
        self._again = 0
        self._read = threading.Event()

    def recent(self, *edges: Any) -> Any:
        self._again += len(self.arrivals) == 5
        if self._again > 1:
            self._read.set()
        return super().recent(*edges)

    async def was_read_again(self) -> None:
        assert await asyncio.to_thread(self._read.wait, 5)


async def test_sweep_does_not_add_evicted_events_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a ring full of large frames would send its oldest events again and again."""
    monkeypatch.setattr(heartbeat, "SWEEP", 0.005)
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: a_cursor(60_000).ms)
    feed = SweptFeed()
    async with live(feed, max_events=3) as broker, connected(broker) as client:
        for number in range(1, 6):
            broker.publish(feed.add(arrivals([number])))
            await client.until(number)
        await feed.was_read_again()
        assert (await client.now()).changes == [1, 2, 3, 4, 5]
        assert not client.ended


async def test_sweep_continues_after_a_store_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.errors import StoreUnavailable

    monkeypatch.setattr(heartbeat, "SWEEP", 0.005)
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: a_cursor(60_000).ms)
    failures = iter([StoreUnavailable("down")] * 2)

    class Flaky(MemoryFeed):
        def recent(self, *edges: Any) -> Any:
            for error in failures if self.arrivals else ():
                raise error
            return super().recent(*edges)

    feed = Flaky()
    async with live(feed) as broker, connected(broker) as client:
        feed.add(arrivals([1]))
        assert (await client.until(1)).changes == [1]


async def test_subscriber_waiting_for_its_backfill_does_not_delay_others() -> None:
    feed = HeldFeed()
    async with live(feed) as broker, connected(broker) as client:
        waiting = asyncio.create_task(anext(_subscribed(broker)))
        await feed.was_read()
        broker.publish(arrivals([1]))
        assert (await client.until(1)).changes == [1]
        feed.release.set()
        await waiting
        await turns(2)


async def _subscribed(broker: InProcessBroker) -> Any:
    async with broker.subscribe(str(a_cursor(-1))) as subscription:
        yield subscription
