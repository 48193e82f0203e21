"""Subscribers get every event they want, in order, encoded once and evaluated once per filter."""

import threading
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.broker import frames
from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import change_frame
from app.broker.in_process import InProcessBroker
from app.broker.subscription import TooManyStreams
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import Client, connected, live
from tests.unit.broker.ring.rings import CountingFilter, asked

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


async def test_subscriber_without_a_cursor_starts_from_now() -> None:
    async with live() as broker:
        broker.publish(arrivals([1, 2]))
        async with connected(broker) as client:
            broker.publish(arrivals([3]))
            assert (await client.until(1)).changes == [3]


async def test_internal_changes_are_not_published() -> None:
    async with live() as broker, connected(broker) as client:
        broker.publish([an_arrival(1), an_arrival(2, kind="internal"), an_arrival(3)])
        assert (await client.until(2)).changes == [1, 3]
        assert broker.head == str(a_cursor(3))


async def test_each_event_is_encoded_once_for_all_subscribers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[str] = []

    def counted(cursor: str, event: Any, table: str) -> Any:
        encoded.append(cursor)
        return change_frame(cursor, event, table)

    monkeypatch.setattr(frames, "change_frame", counted)
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 20)
        broker.publish(arrivals([1, 2, 3]))
        for client in listening:
            await client.until(3)
    assert encoded == [str(a_cursor(number)) for number in (1, 2, 3)]


async def test_all_subscribers_are_sent_the_same_bytes_object() -> None:
    async with live() as broker, AsyncExitStack() as stack:
        listening = await clients(stack, broker, 5)
        for client in listening:
            await client.now()
        broker.publish(arrivals([1, 2, 3]))
        writes = [(await client.until(3)).raw[1] for client in listening]
        assert len({id(write) for write in writes}) == 1


async def test_equal_filters_are_evaluated_once_per_event() -> None:
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


async def test_each_subscriber_is_sent_what_its_filter_admits() -> None:
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


async def test_threads_can_publish_while_subscribers_read() -> None:
    """With one thread per shard, each shard's order holds, and all subscribers see one order."""
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


async def test_one_wake_up_sends_everything_published_since() -> None:
    async with live() as broker, connected(broker) as client:
        await client.now()
        for number in range(1, 31):
            broker.publish(arrivals([number]))
        await client.until(30)
        assert len(client.raw) == 2


async def test_event_published_twice_is_sent_once() -> None:
    async with live() as broker, connected(broker) as client:
        broker.publish(arrivals([1, 2]))
        broker.publish([(a_cursor(9), an_event(1)), an_arrival(3)])
        await client.until(3)
        assert (await client.now()).changes == [1, 2, 3]


async def test_publishing_after_the_loop_has_closed_does_no_harm() -> None:
    async with live() as broker:
        pass
    broker.publish(arrivals([1]))
    assert broker.head == str(a_cursor(1))


async def test_streams_over_the_limit_are_refused() -> None:
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
