"""Subscribers get every event they want, in order, encoded once and looked at once a filter."""

import asyncio
import threading
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.broker import in_process, rounds
from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import change_frame
from app.broker.in_process import InProcessBroker, TooManyStreams
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import (
    Client,
    CountingFilter,
    HeldFeed,
    MemoryFeed,
    asked,
    connected,
    live,
    turns,
)

pytestmark = pytest.mark.anyio


async def clients(
    stack: AsyncExitStack, broker: InProcessBroker, count: int, wanted: Filter = EVERYTHING
) -> list[Client]:
    return [await stack.enter_async_context(connected(broker, None, wanted)) for _ in range(count)]


async def test_every_subscriber_gets_every_event_in_order() -> None:
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 3)
        for number in range(1, 11):
            broker.publish(arrivals([number]))
        for client in listening:
            assert (await client.until(10)).changes == list(range(1, 11))


async def test_a_subscriber_without_a_cursor_starts_from_now() -> None:
    async with live() as broker:
        broker.publish(arrivals([1, 2]))
        async with connected(broker) as client:
            broker.publish(arrivals([3]))
            assert (await client.until(1)).changes == [3]


async def test_internal_changes_are_shown_nowhere() -> None:
    async with live() as broker, connected(broker) as client:
        broker.publish([an_arrival(1), an_arrival(2, kind="internal"), an_arrival(3)])
        assert (await client.until(2)).changes == [1, 3]
        assert broker.head == str(a_cursor(3))


async def test_each_event_is_encoded_once_however_many_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[str] = []

    def counted(cursor: str, event: Any, table: str) -> Any:
        encoded.append(cursor)
        return change_frame(cursor, event, table)

    monkeypatch.setattr(in_process, "change_frame", counted)
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 20)
        broker.publish(arrivals([1, 2, 3]))
        for client in listening:
            await client.until(3)
    assert encoded == [str(a_cursor(number)) for number in (1, 2, 3)]


async def test_all_are_handed_the_very_same_bytes() -> None:
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 5)
        for client in listening:
            await client.now()
        broker.publish(arrivals([1, 2, 3]))
        writes = [(await client.until(3)).raw[1] for client in listening]
        assert len({id(write) for write in writes}) == 1


async def test_equal_filters_look_at_each_event_once() -> None:
    asked.clear()
    async with live() as broker, AsyncExitStack() as stack:
        toys = [
            client
            for _ in range(10)
            for client in await clients(stack, broker, 1, CountingFilter(category="Toys"))
        ]
        pots = await clients(stack, broker, 10, CountingFilter(category="Kitchen"))
        broker.publish(arrivals(range(1, 8)))
        for client in pots:
            assert (await client.until(7)).changes == list(range(1, 8))
        for client in toys:
            assert (await client.now()).changes == []
    assert len(asked) == 2 * 7


async def test_each_is_sent_what_its_filter_admits() -> None:
    events = [
        an_arrival(1),
        an_arrival(2, product_id="P2"),
        an_arrival(3, stock_after=2),
        an_arrival(4, kind="deleted", actor=None),
    ]
    wants = {
        Filter(product_id="P2"): [2],
        Filter(min_delta=10): [3],
        Filter(kinds=frozenset({"deleted"})): [4],
        Filter(actor="ada"): [1, 2, 3],
        Filter(actor="bob"): [],
    }
    async with live() as broker, AsyncExitStack() as stack:
        listening = {wanted: (await clients(stack, broker, 1, wanted))[0] for wanted in wants}
        broker.publish(events)
        for wanted, numbers in wants.items():
            assert (await listening[wanted].now()).changes == numbers


async def test_threads_publish_while_subscribers_follow() -> None:
    """One thread a shard: each shard's order holds, and all subscribers see one order."""
    threads, batches, size = 4, 25, 8

    def shard(broker: InProcessBroker, thread: int) -> None:
        for batch in range(batches):
            first = (thread * batches + batch) * size
            broker.publish(arrivals(range(first, first + size), product_id=f"P{thread}"))

    total = threads * batches * size
    async with live() as broker, AsyncExitStack() as stack:
        all_of_it = await clients(stack, broker, 3)
        one_product = await clients(stack, broker, 2, Filter(product_id="P1"))
        shards = [threading.Thread(target=shard, args=(broker, n)) for n in range(threads)]
        for thread in shards:
            thread.start()
        late = await clients(stack, broker, 1)
        for client in all_of_it:
            await client.until(total)
        for client in one_product:
            await client.until(batches * size)
        for thread in shards:
            thread.join()
        await late[0].now()
        seen = all_of_it[0].changes
        assert sorted(seen) == list(range(total))
        for thread_number in range(threads):
            of_thread = [n for n in seen if n // (batches * size) == thread_number]
            assert of_thread == sorted(of_thread)
        assert all(client.changes == seen for client in all_of_it)
        assert all(
            client.changes == list(range(batches * size, 2 * batches * size))
            for client in one_product
        )
        assert late[0].changes == seen[total - len(late[0].changes) :]
        assert broker.overruns == 0


async def test_one_wake_up_serves_all_that_was_published_since() -> None:
    async with live() as broker, connected(broker) as client:
        await client.now()
        for number in range(1, 31):
            broker.publish(arrivals([number]))
        await client.until(30)
        assert len(client.raw) == 2


async def test_an_event_published_again_is_sent_once() -> None:
    async with live() as broker, connected(broker) as client:
        broker.publish(arrivals([1, 2]))
        broker.publish([(a_cursor(9), an_event(1)), an_arrival(3)])
        await client.until(3)
        assert (await client.now()).changes == [1, 2, 3]


async def test_publishing_before_anyone_serves_fills_the_ring() -> None:
    broker = InProcessBroker(MemoryFeed(), "Products", version="1")
    broker.publish(arrivals([1]))
    broker.publish([])
    async with broker.running(), connected(broker, str(a_cursor(1))) as client:
        broker.publish(arrivals([2]))
        assert (await client.until(1)).changes == [2]


async def test_publishing_after_the_loop_has_gone_does_no_harm() -> None:
    async with live() as broker:
        pass
    broker.publish(arrivals([1]))
    assert broker.head == str(a_cursor(1))


async def test_no_more_streams_than_allowed() -> None:
    async with live(max_streams=2) as broker, AsyncExitStack() as stack:
        await clients(stack, broker, 2)
        with pytest.raises(TooManyStreams) as error:
            broker.check(None)
        assert error.value.status == 503
        assert "Retry-After" in error.value.headers
        with pytest.raises(TooManyStreams):
            await clients(stack, broker, 1)
        assert broker.subscribers == 2


async def test_closing_ends_every_subscription() -> None:
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 3)
        for client in listening:
            await client.now()
        broker.close()
        for client in listening:
            assert (await client.now()).ended


async def test_the_ring_is_loaded_from_the_feed() -> None:
    feed = MemoryFeed()
    feed.add(arrivals(range(1, 6)))
    async with live(feed, max_events=3) as broker:
        assert broker.head == str(a_cursor(5))
        async with connected(broker, str(a_cursor(3))) as client:
            assert (await client.now()).changes == [4, 5]
    assert feed.reads == 0


async def test_the_sweep_adds_what_another_process_wrote_and_did_not_publish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "SWEEP", 0.005)
    monkeypatch.setattr(rounds, "wall_ms", lambda: a_cursor(60_000).ms)
    feed = MemoryFeed()
    async with live(feed) as broker, connected(broker) as client:
        broker.publish(feed.add(arrivals([1])))
        await client.until(1)
        feed.add(arrivals([2]))
        assert (await client.until(2)).changes == [1, 2]


class SweptFeed(MemoryFeed):
    """It knows when what was read of it has been taken: when it is read again."""

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


async def test_the_sweep_adds_nothing_that_the_ring_has_held_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or a ring that is full of large frames would send its oldest events again for ever."""
    monkeypatch.setattr(rounds, "SWEEP", 0.005)
    monkeypatch.setattr(rounds, "wall_ms", lambda: a_cursor(60_000).ms)
    feed = SweptFeed()
    async with live(feed, max_events=3) as broker, connected(broker) as client:
        for number in range(1, 6):
            broker.publish(feed.add(arrivals([number])))
            await client.until(number)
        await feed.was_read_again()
        assert (await client.now()).changes == [1, 2, 3, 4, 5]
        assert not client.ended


async def test_the_sweep_outlives_a_store_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.store.errors import StoreUnavailable

    monkeypatch.setattr(rounds, "SWEEP", 0.005)
    monkeypatch.setattr(rounds, "wall_ms", lambda: a_cursor(60_000).ms)
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


async def test_a_subscriber_that_waits_for_its_back_fill_holds_up_no_one() -> None:
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
