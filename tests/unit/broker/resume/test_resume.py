"""A client that resumes with any message's id misses nothing; from the ring, nothing repeats."""

import asyncio

import pytest

from app.broker.filters import Filter
from app.core.errors import InvalidCursor
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import HeldFeed, MemoryFeed, connected, live, turns
from tests.unit.broker.resume.coming_back import LONG_AGO, after, collect

pytestmark = pytest.mark.anyio


class TestFromTheRing:
    @pytest.mark.parametrize("number", range(1, 6))
    async def test_cursor_in_the_ring_gets_each_later_event_exactly_once(self, number: int) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            broker.publish(feed.add(arrivals(range(1, 6))))
            async with connected(broker, after(number)) as client:
                broker.publish(feed.add(arrivals([6, 7])))
                await client.until(7 - number)
                assert (await client.now()).changes == list(range(number + 1, 8))
        assert feed.reads == 0

    async def test_cursor_of_a_duplicate_is_found_in_the_ring(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            broker.publish(arrivals([1, 2]))
            broker.publish([(a_cursor(8), an_event(2)), an_arrival(9)])
            async with connected(broker, after(8)) as client:
                assert (await client.now()).changes == [9]
        assert feed.reads == 0

    async def test_filter_applies_to_events_already_in_the_ring(self) -> None:
        async with live() as broker:
            broker.publish([an_arrival(n, product_id=f"P{n % 2}") for n in range(1, 7)])
            wanted = Filter(product_id="P0")
            async with connected(broker, after(5), wanted) as one:
                assert (await one.now()).changes == [6]
                async with connected(broker, after(1), wanted) as other:
                    assert (await other.now()).changes == [2, 4, 6]

    async def test_events_published_before_the_loop_runs_are_sent(self) -> None:
        async with live() as broker, connected(broker) as first:
            await first.now()
            broker.publish(arrivals([1, 2]))
            async with connected(broker, after(1)) as client:
                assert (await client.now()).changes == [2]


class TestFromTheFeed:
    async def test_missed_events_are_sent_before_live_ones(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals(range(1, 7)))
        async with live(feed, max_events=2) as broker, connected(broker, after(2)) as client:
            broker.publish(feed.add(arrivals([7])))
            await client.until(7)
            # From 10 s before the cursor: the page drops the events that it has.
            assert (await client.now()).changes == [1, 2, 3, 4, 5, 6, 7]

    async def test_backfill_starts_10_seconds_before_the_cursor(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([0, 5_000, 15_500, 20_000, 40_000]))
        async with live(feed, max_events=1) as broker, connected(broker, after(16_000)) as client:
            assert (await client.now()).changes[-2:] == [20_000, 40_000]
            assert 0 not in client.changes
            assert 15_500 in client.changes

    async def test_backfill_is_in_the_order_of_the_feed(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([3, 1, 2]))
        async with live(feed) as broker, connected(broker, LONG_AGO) as client:
            assert (await client.now()).changes == [1, 2, 3]

    async def test_event_that_is_both_read_and_published_is_sent_once(self) -> None:
        feed = HeldFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            subscribing = asyncio.create_task(collect(broker, LONG_AGO, 5))
            await feed.was_read()
            broker.publish([(a_cursor(7), an_event(3))])  # a duplicate that is already in the ring
            broker.publish(feed.add(arrivals([4])))
            feed.release.set()
            await turns(3)
            broker.publish(feed.add(arrivals([5])))
            assert (await subscribing).changes == [1, 2, 3, 4, 5]

    async def test_durable_event_not_yet_published_is_sent_once(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            feed.add(arrivals([1, 2]))
            async with connected(broker, LONG_AGO) as client:
                assert (await client.now()).changes == [1, 2]
                broker.publish(arrivals([1, 2, 3]))
                await client.until(3)
                assert (await client.now()).changes == [1, 2, 3]

    async def test_event_with_two_arrivals_is_sent_once(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            feed.add([*arrivals([1, 2]), (a_cursor(8), an_event(1))])
            async with connected(broker, LONG_AGO) as client:
                broker.publish([(a_cursor(8), an_event(1)), *arrivals([9])])
                await client.until(3)
                assert (await client.now()).changes == [1, 2, 9]

    async def test_filter_applies_to_missed_events(self) -> None:
        feed = MemoryFeed()
        feed.add([an_arrival(n, product_id=f"P{n % 2}") for n in range(1, 7)])
        wanted = Filter(product_id="P1")
        async with live(feed) as broker, connected(broker, LONG_AGO, wanted) as client:
            assert (await client.now()).changes == [1, 3, 5]

    async def test_internal_changes_are_not_sent(self) -> None:
        feed = MemoryFeed()
        feed.add([an_arrival(1), an_arrival(2, kind="internal"), an_arrival(3)])
        async with live(feed) as broker, connected(broker, LONG_AGO) as client:
            assert (await client.now()).changes == [1, 3]

    async def test_client_that_joins_a_running_read_gets_later_events_too(self) -> None:
        """The shared read began before event 3; the second client joins it after event 3."""
        feed = HeldFeed()
        feed.add(arrivals([1, 2]))
        async with live(feed) as broker:
            first = asyncio.create_task(collect(broker, LONG_AGO, 4))
            await feed.was_read()
            broker.publish(feed.add(arrivals([3])))
            await turns(2)
            second = asyncio.create_task(collect(broker, LONG_AGO, 4))
            await turns(2)
            feed.release.set()
            await turns(2)
            broker.publish(feed.add(arrivals([4])))
            assert (await first).changes == [1, 2, 3, 4]
            assert (await second).changes == [1, 2, 3, 4]


@pytest.mark.parametrize("cursor", ["", "nonsense", "1-2-3", "9" * 40])
async def test_malformed_cursor_is_refused(cursor: str) -> None:
    async with live() as broker:
        with pytest.raises(InvalidCursor):
            broker.check(cursor)
        with pytest.raises(InvalidCursor):
            async with broker.subscribe(cursor):
                pass
        assert broker.subscribers == 0
