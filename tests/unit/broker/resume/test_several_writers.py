"""With several writers two rings can differ in their order; no client misses an event for that."""

import pytest

from app.broker.ring import Ring
from app.store.timeline.timeline import OVERLAP_MS
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live
from tests.unit.broker.ring.rings import a_blob

pytestmark = pytest.mark.anyio

SHARED = {"overlap_ms": OVERLAP_MS}


async def test_a_client_of_another_process_gets_what_that_one_had_not_been_told_of_yet() -> None:
    """There event 3 came before event 2, here after it; the client has seen 1 and 3."""
    feed = MemoryFeed()
    feed.add(arrivals([1, 2, 3]))
    async with live(feed, **SHARED) as here, connected(here, str(a_cursor(3))) as client:
        assert set((await client.now()).changes) == {1, 2, 3}
        here.publish(feed.add(arrivals([4])))
        await client.until(4)
        assert feed.reads == 0


async def test_what_is_older_than_the_overlap_is_not_sent_again() -> None:
    feed = MemoryFeed()
    feed.add(arrivals([1, 5_900, 15_500, 16_000]))
    async with live(feed, **SHARED) as broker, connected(broker, str(a_cursor(16_000))) as client:
        assert (await client.now()).changes == [15_500, 16_000]


async def test_where_the_overlap_may_have_fallen_out_of_the_ring_the_feed_is_read() -> None:
    feed = MemoryFeed()
    async with live(feed, max_events=2, **SHARED) as broker:
        broker.publish(feed.add(arrivals([1, 2, 3])))
        async with connected(broker, str(a_cursor(3))) as client:
            assert (await client.now()).changes == [1, 2, 3]
    assert feed.reads == 1


async def test_an_event_that_arrives_anew_is_shown_again() -> None:
    """A client may have come from a process that had not shown it the first time."""
    feed = MemoryFeed()
    feed.add(arrivals([1]))
    async with live(feed, **SHARED) as broker, connected(broker) as client:
        broker.publish(arrivals([1]))  # the same arrival: its answer was lost
        broker.publish([(a_cursor(60_000), an_event(1)), an_arrival(60_001)])
        assert (await client.until(2)).changes == [1, 60_001]


async def test_a_swept_event_stands_behind_later_ones_and_is_skipped_by_no_one() -> None:
    feed = MemoryFeed()
    async with live(feed, **SHARED) as broker:
        broker.publish(feed.add(arrivals([5_000])))
        feed.add(arrivals([1]))
        broker.catch_up(0)
        for cursor in (5_000, 1):
            async with connected(broker, str(a_cursor(cursor))) as client:
                assert set((await client.now()).changes) == {5_000, 1}


class TestCatchingUp:
    async def test_only_what_the_ring_lacks_is_added(self) -> None:
        feed = MemoryFeed()
        async with live(feed, **SHARED) as broker, connected(broker) as client:
            broker.publish(feed.add(arrivals([1, 3])))
            feed.add(arrivals([2, 4]))
            assert broker.catch_up(0) == a_cursor(4).ms
            assert (await client.until(4)).changes == [1, 3, 2, 4]

    async def test_what_falls_out_while_the_feed_is_read_is_not_added_again(self) -> None:
        feed = MemoryFeed()

        class Busy(MemoryFeed):
            def recent(self, *edges):
                if feed.arrivals:
                    broker.publish(feed.add(arrivals([4, 5])))
                return feed.recent(*edges)

        async with live(Busy(), max_events=3) as broker, connected(broker) as client:
            broker.publish(feed.add(arrivals([1, 2, 3])))
            await client.until(3)
            broker.catch_up(0)
            await client.until(5)
            broker.publish(feed.add(arrivals([6])))
            assert (await client.until(6)).changes == [1, 2, 3, 4, 5, 6]

    async def test_more_than_a_ring_s_worth_ends_every_stream_and_costs_none_an_event(self) -> None:
        feed = MemoryFeed()
        async with live(feed, max_events=5, **SHARED) as broker:
            async with connected(broker) as client:
                broker.publish(feed.add(arrivals([1])))
                await client.until(1)
                feed.add(arrivals(range(2, 12)))
                broker.catch_up(0)
                await client.until(100)
                assert client.ended
            assert broker.overruns == 1
            async with connected(broker, client.last_id) as again:
                assert set((await again.now()).changes) | {1} == set(range(1, 12))

    async def test_one_that_waits_behind_a_filter_learns_of_it_too(self) -> None:
        from app.broker.filters import Filter

        feed = MemoryFeed()
        async with live(feed, max_events=2, **SHARED) as broker:
            async with connected(broker, None, Filter(product_id="P9")) as client:
                await client.now()
                feed.add(arrivals(range(1, 9)))
                broker.catch_up(0)
                await client.until(1)
            assert client.ended

    async def test_no_more_is_read_than_the_ring_has_bytes_for(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals(range(1, 101)))
        read = 0

        class Counting(MemoryFeed):
            def recent(self, *edges):
                nonlocal read
                for arrival in feed.recent(*edges):
                    read += 1
                    yield arrival

        async with live(Counting(), max_bytes=10_000) as broker:
            broker.catch_up(0)
            assert 2 < read < 20
            assert broker.head == str(a_cursor(100))


class TestTheRing:
    def test_the_first_place_since_a_stamp_is_found_though_stamps_are_out_of_order(self) -> None:
        ring = Ring()
        for number in (10, 30, 20, 40):
            ring.append(a_blob(number, 5))
        since = {ms: ring.first_since(a_cursor(ms).ms) for ms in (5, 10, 15, 25, 35, 41)}
        assert since == {5: 0, 10: 0, 15: 1, 25: 1, 35: 3, 41: 4}

    def test_what_may_have_fallen_out_is_not_vouched_for(self) -> None:
        ring = Ring(max_events=2)
        for number in (10, 20, 30):
            ring.append(a_blob(number, 5))
        assert ring.first_since(a_cursor(10).ms) is None
        assert ring.first_since(a_cursor(11).ms) == 1

    def test_a_ring_begun_anew_has_no_place_for_who_was_at_its_end(self) -> None:
        ring = Ring()
        ring.append(a_blob(1, 5))
        ring.reload([a_blob(7, 5), a_blob(8, 5)], a_cursor(7).ms)
        assert (ring.start, ring.end) == (2, 4)
        assert ring.get(1) is None
        assert not ring.holds("e1")
        assert ring.first_since(a_cursor(7).ms) is None

    def test_an_event_shown_again_falls_out_once_for_each_showing(self) -> None:
        ring = Ring(max_events=2, again=True)
        assert ring.append(a_blob(1, 5))
        assert ring.append(a_blob(1, 5, cursor=str(a_cursor(0)))) is False
        assert ring.append(a_blob(1, 5, cursor=str(a_cursor(50))))
        ring.append(a_blob(2, 5, cursor=str(a_cursor(60))))
        assert ring.holds("e1")
        ring.append(a_blob(3, 5, cursor=str(a_cursor(70))))
        assert not ring.holds("e1")
