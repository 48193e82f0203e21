"""However a subscription ends, it leaves no subscriber and no view behind."""

import asyncio
import gc
from contextlib import aclosing, suppress
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from tests.support.builders import a_cursor, arrivals
from tests.unit.broker.cleanup.leaving import (
    LONG_AGO,
    WANTED,
    assert_nothing_is_left,
    chunks,
    follow,
)
from tests.unit.broker.kit import HeldFeed, MemoryFeed, live, turns
from tests.unit.broker.ring.rings import asked

pytestmark = pytest.mark.anyio


async def test_open_subscription_has_a_subscriber_and_a_view() -> None:
    async with live() as broker, broker.subscribe(None, WANTED):
        assert broker.subscribers == 1
        asked.clear()
        broker.publish(arrivals([1]))
        await turns(2)
        assert len(asked) == 1


async def test_cleanup_at_the_end_of_the_block() -> None:
    async with live() as broker:
        async with broker.subscribe(None, WANTED):
            pass
        await assert_nothing_is_left(broker)


async def test_cleanup_after_an_exception_in_the_block() -> None:
    async with live() as broker:
        with pytest.raises(KeyError):
            async with broker.subscribe(None, WANTED):
                raise KeyError
        await assert_nothing_is_left(broker)


async def test_cleanup_after_the_broker_closes() -> None:
    async with live() as broker:
        following = asyncio.create_task(follow(broker))
        await turns(3)
        assert broker.subscribers == 1
        broker.close()
        await asyncio.wait_for(following, 5)
        await assert_nothing_is_left(broker)


@pytest.mark.parametrize("rounds", range(12))
@pytest.mark.parametrize("after", [None, str(a_cursor(1)), LONG_AGO], ids=["now", "ring", "feed"])
async def test_cleanup_after_a_cancellation_at_any_await(after: str | None, rounds: int) -> None:
    feed = MemoryFeed()
    async with live(feed) as broker:
        broker.publish(feed.add(arrivals([1, 2])))
        following = asyncio.create_task(follow(broker, after))
        await turns(rounds)
        broker.publish(feed.add(arrivals([3])))
        await turns(rounds % 3)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        assert following.cancelled()
        await assert_nothing_is_left(broker)


async def test_cleanup_after_a_cancellation_during_the_backfill() -> None:
    feed = HeldFeed()
    async with live(feed) as broker:
        following = asyncio.create_task(follow(broker, LONG_AGO))
        await feed.was_read()
        assert broker.subscribers == 1
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert following.cancelled()
        await assert_nothing_is_left(broker)
        feed.release.set()


async def test_cleanup_after_a_timeout() -> None:
    async with live() as broker:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await follow(broker)
        await assert_nothing_is_left(broker)


async def test_cleanup_after_the_feed_cannot_be_read() -> None:
    class Away(MemoryFeed):
        def following(self, point: Any, limit: int) -> Any:
            raise StoreUnavailable("down")

    async with live(Away()) as broker:
        with pytest.raises(StoreUnavailable):
            await follow(broker, LONG_AGO)
        await assert_nothing_is_left(broker)


@pytest.mark.parametrize("read", [1, 2, 3])
async def test_cleanup_after_a_generator_is_closed_at_a_yield(read: int) -> None:
    feed = MemoryFeed()
    async with live(feed) as broker:
        feed.add(arrivals([1]))
        async with aclosing(chunks(broker, LONG_AGO)) as generator:
            for number in range(read):
                await anext(generator)
                broker.publish(feed.add(arrivals([10 + number])))
            assert broker.subscribers == 1
        await assert_nothing_is_left(broker)


async def test_cleanup_after_an_exception_is_thrown_into_a_generator() -> None:
    async with live() as broker:
        generator = chunks(broker)
        await anext(generator)
        with pytest.raises(OSError, match="gone"):
            await generator.athrow(OSError("gone"))
        await assert_nothing_is_left(broker)


async def test_cleanup_of_a_generator_that_never_started() -> None:
    async with live() as broker:
        await chunks(broker).aclose()
        await assert_nothing_is_left(broker)


async def test_cleanup_of_a_generator_that_is_garbage_collected() -> None:
    async with live() as broker:
        generator = chunks(broker)
        await anext(generator)
        assert broker.subscribers == 1
        del generator
        gc.collect()
        await turns(5)
        await assert_nothing_is_left(broker)


async def test_leaving_subscriber_does_not_affect_others_of_its_view() -> None:
    async with live() as broker:
        staying, leaving = chunks(broker), chunks(broker)
        await anext(staying)
        await anext(leaving)
        await leaving.aclose()
        assert broker.subscribers == 1
        broker.publish(arrivals([1]))
        assert b"event: change" in await anext(staying)
        await staying.aclose()
        await assert_nothing_is_left(broker)
