"""With several writers, two rings may differ in order; no client misses an event because of it."""

import pytest

from app.broker.ring import Ring
from app.store.timeline.timeline import OVERLAP_MS
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live
from tests.unit.broker.ring.rings import a_blob

pytestmark = pytest.mark.anyio

SHARED = {"overlap_ms": OVERLAP_MS}


async def test_client_of_another_process_gets_events_missing_in_that_process() -> None:
    """Event 3 came before event 2 there, and after it here; the client has seen 1 and 3."""
    feed = MemoryFeed()
    feed.add(arrivals([1, 2, 3]))
    async with live(feed, **SHARED) as here, connected(here, str(a_cursor(3))) as client:
        assert set((await client.now()).changes) == {1, 2, 3}
        here.publish(feed.add(arrivals([4])))
        await client.until(4)
        assert feed.reads == 0


async def test_events_older_than_the_overlap_are_not_sent_again() -> None:
    feed = MemoryFeed()
    feed.add(arrivals([1, 5_900, 15_500, 16_000]))
    async with live(feed, **SHARED) as broker, connected(broker, str(a_cursor(16_000))) as client:
        assert (await client.now()).changes == [15_500, 16_000]


async def test_feed_is_read_if_the_overlap_may_have_been_evicted() -> None:
    feed = MemoryFeed()
    async with live(feed, max_events=2, **SHARED) as broker:
        broker.publish(feed.add(arrivals([1, 2, 3])))
        async with connected(broker, str(a_cursor(3))) as client:
            assert (await client.now()).changes == [1, 2, 3]
    assert feed.reads == 1


async def test_event_with_a_new_arrival_is_sent_again() -> None:
    """A client may come from a process that did not send it the first time."""
    feed = MemoryFeed()
    feed.add(arrivals([1]))
    async with live(feed, **SHARED) as broker, connected(broker) as client:
        broker.publish(arrivals([1]))  # the same arrival again, after a lost response
        broker.publish([(a_cursor(60_000), an_event(1)), an_arrival(60_001)])
        assert (await client.until(2)).changes == [1, 60_001]


async def test_event_added_by_the_sweep_is_sent_to_every_client() -> None:
    feed = MemoryFeed()
    async with live(feed, **SHARED) as broker:
        broker.publish(feed.add(arrivals([5_000])))
        feed.add(arrivals([1]))
        broker.catch_up(0)
        for cursor in (5_000, 1):
            async with connected(broker, str(a_cursor(cursor))) as client:
                assert set((await client.now()).changes) == {5_000, 1}


class TestCatchingUp:
    async def test_only_events_missing_in_the_ring_are_added(self) -> None:
        feed = MemoryFeed()
        async with live(feed, **SHARED) as broker, connected(broker) as client:
            broker.publish(feed.add(arrivals([1, 3])))
            feed.add(arrivals([2, 4]))
            assert broker.catch_up(0) == a_cursor(4).ms
            assert (await client.until(4)).changes == [1, 3, 2, 4]

    async def test_event_evicted_during_the_read_is_not_added_again(self) -> None:
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

    async def test_more_events_than_the_ring_holds_end_every_stream_without_loss(self) -> None:
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

    async def test_waiting_filtered_subscriber_is_ended_too(self) -> None:
        from app.broker.filters import Filter

        feed = MemoryFeed()
        async with live(feed, max_events=2, **SHARED) as broker:
            async with connected(broker, None, Filter(product_id="P9")) as client:
                await client.now()
                feed.add(arrivals(range(1, 9)))
                broker.catch_up(0)
                await client.until(1)
            assert client.ended

    async def test_read_stops_when_the_ring_s_bytes_are_full(self) -> None:
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
    def test_first_position_since_a_stamp_is_found_with_unordered_stamps(self) -> None:
        ring = Ring()
        for number in (10, 30, 20, 40):
            ring.append(a_blob(number, 5))
        since = {ms: ring.first_since(a_cursor(ms).ms) for ms in (5, 10, 15, 25, 35, 41)}
        assert since == {5: 0, 10: 0, 15: 1, 25: 1, 35: 3, 41: 4}

    def test_position_is_unknown_if_events_may_have_been_evicted(self) -> None:
        ring = Ring(max_events=2)
        for number in (10, 20, 30):
            ring.append(a_blob(number, 5))
        assert ring.first_since(a_cursor(10).ms) is None
        assert ring.first_since(a_cursor(11).ms) == 1

    def test_reload_invalidates_the_old_end_position(self) -> None:
        ring = Ring()
        ring.append(a_blob(1, 5))
        ring.reload([a_blob(7, 5), a_blob(8, 5)], a_cursor(7).ms)
        assert (ring.start, ring.end) == (2, 4)
        assert ring.get(1) is None
        assert not ring.holds("e1")
        assert ring.first_since(a_cursor(7).ms) is None

    def test_event_sent_again_is_evicted_once_per_frame(self) -> None:
        ring = Ring(max_events=2, resend=True)
        assert ring.append(a_blob(1, 5))
        assert ring.append(a_blob(1, 5, cursor=str(a_cursor(0)))) is False
        assert ring.append(a_blob(1, 5, cursor=str(a_cursor(50))))
        ring.append(a_blob(2, 5, cursor=str(a_cursor(60))))
        assert ring.holds("e1")
        ring.append(a_blob(3, 5, cursor=str(a_cursor(70))))
        assert not ring.holds("e1")
