"""A client that missed too much gets a reset; one that falls behind is ended and resumes."""

import asyncio

import pytest

from app.broker.filters import Filter
from tests.support.builders import an_arrival, arrivals
from tests.unit.broker.kit import HeldFeed, MemoryFeed, connected, live, turns
from tests.unit.broker.resume.coming_back import LONG_AGO, after, collect

pytestmark = pytest.mark.anyio


class TestTooMuch:
    async def test_client_that_missed_too_much_gets_a_reset(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.broker.backfill.MAX_EVENTS", 3)
        feed = MemoryFeed()
        feed.add(arrivals(range(1, 7)))
        async with live(feed, max_events=2) as broker:
            async with connected(broker, after(1)) as client:
                await client.now()
                (reset,) = client.of("reset")
                assert reset.data == {"cursor": after(6)}
                assert {message.id for message in client.messages} == {after(6)}
                broker.publish(feed.add(arrivals([7])))
                assert (await client.until(1)).changes == [7]
            async with connected(broker, reset.id) as client:
                assert (await client.now()).changes == [7]

    async def test_stream_continues_from_the_reset_cursor_without_a_gap(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.broker.backfill.MAX_EVENTS", 3)
        feed = HeldFeed()
        feed.add(arrivals(range(1, 7)))
        async with live(feed) as broker:
            subscribing = asyncio.create_task(collect(broker, LONG_AGO, 4, seconds=0.1))
            await feed.was_read()
            broker.publish(feed.add(arrivals([7, 8, 9])))
            feed.release.set()
            await asyncio.to_thread(feed.answered.wait, 10)
            await turns(3)
            broker.publish(feed.add(arrivals([10])))
            client = await subscribing
            fresh = client.of("reset")[0].id
            assert after(6) <= fresh <= after(9)
            assert client.changes == [n for n in range(1, 11) if after(n) > fresh]


class TestFallingBehind:
    async def test_idle_filtered_client_survives_a_full_turn_of_the_ring(self) -> None:
        feed = MemoryFeed()
        async with live(feed, max_events=3) as broker:
            async with connected(broker, None, Filter(product_id="P2")) as client:
                await client.now()
                for number in range(1, 40):
                    broker.publish(feed.add(arrivals([number])))
                    await turns(2)
                broker.publish(feed.add([an_arrival(40, product_id="P2")]))
                assert (await client.until(1)).changes == [40]
                assert not client.ended
            assert broker.overruns == 0

    async def test_lagging_client_is_ended_and_counted_and_resumes_with_its_cursor(self) -> None:
        feed = MemoryFeed()
        async with live(feed, max_events=3) as broker:
            async with connected(broker) as slow, connected(broker) as quick:
                broker.publish(feed.add(arrivals([1])))
                await slow.until(1)
                for number in range(2, 8):
                    broker.publish(feed.add(arrivals([number])))
                    await quick.until(number)
                await slow.now()
                assert (slow.changes, slow.ended) == ([1], True)
                assert not quick.ended
            assert broker.overruns == 1
            async with connected(broker, slow.last_id) as again:
                await again.now()
            assert {*slow.changes, *again.changes} == set(range(1, 8))

    async def test_client_lagging_during_a_burst_misses_nothing_silently(self) -> None:
        """The burst comes after the view has advanced and before the client reads."""
        feed = MemoryFeed()
        feed.add(arrivals([0]))
        async with live(feed, max_events=3) as broker:
            async with connected(broker) as client:
                await client.chunk()
                broker.publish(feed.add(arrivals([1, 2, 3])))
                await turns(1)
                broker.publish(feed.add(arrivals([4, 5])))
                await client.now()
            async with connected(broker, client.last_id) as again:
                await again.now()
            assert {*client.changes, *again.changes} >= {1, 2, 3, 4, 5}
