"""A client that comes back with any message's id misses nothing; from the ring, nothing repeats."""

import asyncio
import threading
from contextlib import suppress

import pytest

from app.broker import in_process, rounds
from app.broker.filters import Filter
from app.broker.in_process import InProcessBroker
from app.store.errors import InvalidCursor
from tests.support.builders import a_cursor, an_arrival, an_event, arrivals
from tests.unit.broker.kit import (
    Client,
    HeldFeed,
    MemoryFeed,
    RacingRing,
    connected,
    live,
    turns,
)
from worker.order import ArrivalOrder

pytestmark = pytest.mark.anyio

LONG_AGO = str(a_cursor(-1))  # in no ring, within the 10 s of the first events


def after(number: int) -> str:
    return str(a_cursor(number))


class TestHello:
    async def test_it_comes_first_with_cursor_version_and_a_retry_hint(self) -> None:
        async with live() as broker, connected(broker) as client:
            await client.chunk()
            assert client.raw[0].startswith(b"retry: ")
            (hello,) = client.messages
            assert hello.event == "hello"
            assert hello.data["cursor"] == broker.head
            assert hello.data["server_version"] == "1.2.3"
            assert hello.id == broker.head

    async def test_before_any_event_it_still_has_an_id_to_come_back_with(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            async with connected(broker) as client:
                hello = (await client.now()).last_id
            now = in_process.wall_ms()
            first = (a_cursor(0).__class__(now + 1, "0000abcd", 0), an_event(1))
            broker.publish(feed.add([first]))
            async with connected(broker, hello) as client:
                assert (await client.until(1)).changes == [1]

    async def test_one_that_comes_back_is_told_its_own_cursor(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            for cursor in (after(2), LONG_AGO):
                async with connected(broker, cursor) as client:
                    assert (await client.now()).messages[0].id == cursor

    async def test_retry_hints_are_jittered(self) -> None:
        async with live() as broker:
            hints = set()
            for _ in range(8):
                async with connected(broker) as client:
                    hints.add((await client.now()).raw[0].partition(b"\n")[0])
        assert len(hints) > 1

    @pytest.mark.parametrize("cursor", [None, after(1)], ids=["now", "ring"])
    async def test_what_is_published_while_someone_subscribes_comes_after_the_hello_s_id(
        self, monkeypatch: pytest.MonkeyPatch, cursor: str | None
    ) -> None:
        """Another thread publishes just before the n-th look at the ring."""
        monkeypatch.setattr(in_process, "Ring", RacingRing)
        for look in range(1, 16):
            async with live() as broker:
                broker.publish(arrivals([1, 2]))
                ring = RacingRing.newest
                ring.before_look(look, lambda broker=broker: broker.publish(arrivals([3])))
                async with connected(broker, cursor) as client:
                    ring.before_look(0, lambda: None)
                    broker.publish(arrivals([4]))
                    await client.now()
                async with connected(broker, client.messages[0].id) as again:
                    await again.now()
                assert again.changes == client.changes, f"published before look {look}"


class TestFromTheRing:
    @pytest.mark.parametrize("number", range(1, 6))
    async def test_a_cursor_in_the_ring_repeats_nothing_and_loses_nothing(
        self, number: int
    ) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            broker.publish(feed.add(arrivals(range(1, 6))))
            async with connected(broker, after(number)) as client:
                broker.publish(feed.add(arrivals([6, 7])))
                await client.until(7 - number)
                assert (await client.now()).changes == list(range(number + 1, 8))
        assert feed.reads == 0

    async def test_a_duplicate_s_cursor_is_found_in_the_ring(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            broker.publish(arrivals([1, 2]))
            broker.publish([(a_cursor(8), an_event(2)), an_arrival(9)])
            async with connected(broker, after(8)) as client:
                assert (await client.now()).changes == [9]
        assert feed.reads == 0

    async def test_a_filter_applies_to_what_the_ring_held_before(self) -> None:
        async with live() as broker:
            broker.publish([an_arrival(n, product_id=f"P{n % 2}") for n in range(1, 7)])
            wanted = Filter(product_id="P0")
            async with connected(broker, after(5), wanted) as one:
                assert (await one.now()).changes == [6]
                async with connected(broker, after(1), wanted) as other:
                    assert (await other.now()).changes == [2, 4, 6]

    async def test_events_that_the_loop_has_not_heard_of_yet_are_sent(self) -> None:
        async with live() as broker, connected(broker) as first:
            await first.now()
            broker.publish(arrivals([1, 2]))
            async with connected(broker, after(1)) as client:
                assert (await client.now()).changes == [2]


class TestFromTheFeed:
    async def test_what_was_missed_comes_first_then_what_is_live(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals(range(1, 7)))
        async with live(feed, max_events=2) as broker, connected(broker, after(2)) as client:
            broker.publish(feed.add(arrivals([7])))
            await client.until(7)
            # From 10 s before the cursor: the page drops what it knows.
            assert (await client.now()).changes == [1, 2, 3, 4, 5, 6, 7]

    async def test_it_begins_10_seconds_before_the_cursor(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([0, 5_000, 15_500, 20_000, 40_000]))
        async with live(feed, max_events=1) as broker, connected(broker, after(16_000)) as client:
            assert (await client.now()).changes[-2:] == [20_000, 40_000]
            assert 0 not in client.changes
            assert 15_500 in client.changes

    async def test_it_comes_in_the_order_of_the_feed(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals([3, 1, 2]))
        async with live(feed) as broker, connected(broker, LONG_AGO) as client:
            assert (await client.now()).changes == [1, 2, 3]

    async def test_each_event_comes_once_though_it_is_read_and_published(self) -> None:
        feed = HeldFeed()
        feed.add(arrivals([1, 2, 3]))
        async with live(feed) as broker:
            subscribing = asyncio.create_task(_collect(broker, LONG_AGO, 5))
            await feed.was_read()
            broker.publish([(a_cursor(7), an_event(3))])  # a duplicate: in the ring already
            broker.publish(feed.add(arrivals([4])))
            feed.release.set()
            await turns(3)
            broker.publish(feed.add(arrivals([5])))
            assert (await subscribing).changes == [1, 2, 3, 4, 5]

    async def test_what_is_durable_but_not_yet_published_comes_once(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            feed.add(arrivals([1, 2]))
            async with connected(broker, LONG_AGO) as client:
                assert (await client.now()).changes == [1, 2]
                broker.publish(arrivals([1, 2, 3]))
                await client.until(3)
                assert (await client.now()).changes == [1, 2, 3]

    async def test_an_event_of_two_arrivals_comes_once(self) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            feed.add([*arrivals([1, 2]), (a_cursor(8), an_event(1))])
            async with connected(broker, LONG_AGO) as client:
                broker.publish([(a_cursor(8), an_event(1)), *arrivals([9])])
                await client.until(3)
                assert (await client.now()).changes == [1, 2, 9]

    async def test_a_filter_applies_to_what_was_missed(self) -> None:
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

    async def test_one_that_joins_a_read_under_way_gets_what_was_published_since(self) -> None:
        """The shared read was made before event 3; the second client came after it."""
        feed = HeldFeed()
        feed.add(arrivals([1, 2]))
        async with live(feed) as broker:
            first = asyncio.create_task(_collect(broker, LONG_AGO, 4))
            await feed.was_read()
            broker.publish(feed.add(arrivals([3])))
            await turns(2)
            second = asyncio.create_task(_collect(broker, LONG_AGO, 4))
            await turns(2)
            feed.release.set()
            await turns(2)
            broker.publish(feed.add(arrivals([4])))
            assert (await first).changes == [1, 2, 3, 4]
            assert (await second).changes == [1, 2, 3, 4]


async def _collect(broker: InProcessBroker, cursor: str, count: int, seconds: float = 1) -> Client:
    """A client's messages up to so many changes, or up to what there is after a while."""
    async with connected(broker, cursor) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await client.until(count)
        return client


class TestTooMuch:
    async def test_who_missed_too_much_starts_afresh(self, monkeypatch: pytest.MonkeyPatch) -> None:
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

    async def test_the_stream_goes_on_from_the_fresh_cursor_however_long_that_took(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.broker.backfill.MAX_EVENTS", 3)
        feed = HeldFeed()
        feed.add(arrivals(range(1, 7)))
        async with live(feed) as broker:
            subscribing = asyncio.create_task(_collect(broker, LONG_AGO, 4, seconds=0.1))
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


class TestAnyBreak:
    """The connection breaks after each message in turn; the client comes back with its id."""

    async def missed(
        self, broker: InProcessBroker, feed: MemoryFeed, cursor: str | None, wanted: Filter
    ) -> None:
        """For each message that a client got: what it and its return brought is everything."""
        async with connected(broker, cursor, wanted) as client:
            whole = list((await client.now()).messages)
        everything = set(client.changes)
        for count in range(1, len(whole) + 1):
            got = {message.number for message in whole[:count] if message.event == "change"}
            async with connected(broker, whole[count - 1].id, wanted) as again:
                await again.now()
            missing = everything - got - set(again.changes)
            assert not missing, f"after {whole[count - 1].event} {whole[count - 1].id}"

    @pytest.mark.parametrize("wanted", [Filter(), Filter(product_id="P1")], ids=["all", "some"])
    @pytest.mark.parametrize("cursor", [None, after(3), LONG_AGO], ids=["now", "ring", "feed"])
    async def test_nothing_is_missed(self, cursor: str | None, wanted: Filter) -> None:
        feed = MemoryFeed()
        async with live(feed) as broker:
            broker.publish(feed.add([an_arrival(n, product_id=f"P{n % 2}") for n in range(1, 8)]))
            await self.missed(broker, feed, cursor, wanted)

    async def test_nothing_is_missed_where_the_ring_holds_only_the_newest(self) -> None:
        feed = MemoryFeed()
        async with live(feed, max_events=3) as broker:
            broker.publish(feed.add(arrivals(range(1, 8))))
            await self.missed(broker, feed, LONG_AGO, Filter())

    async def test_nothing_is_missed_where_a_later_stamp_was_ready_before_an_earlier_one(
        self,
    ) -> None:
        """Two shards' readers; `ArrivalOrder` makes the second wait for the first."""
        feed, stamps = MemoryFeed(), iter([a_cursor(1), a_cursor(2)])
        order = ArrivalOrder(stamps.__next__, patience=5)
        first_is_stamped, second_is_stamped = threading.Event(), threading.Event()

        async with live(feed) as broker:
            publish = order.in_turn(broker.publish)

            def first_shard() -> None:
                order.stamp()
                first_is_stamped.set()
                assert second_is_stamped.wait(5)
                publish(feed.add(arrivals([1])))

            def second_shard() -> None:
                assert first_is_stamped.wait(5)
                order.stamp()
                second_is_stamped.set()
                publish(feed.add(arrivals([2])))

            await asyncio.gather(asyncio.to_thread(first_shard), asyncio.to_thread(second_shard))
            await self.missed(broker, feed, LONG_AGO, Filter())
            async with connected(broker, after(1)) as client:
                assert (await client.now()).changes == [2]


class TestHeartbeat:
    async def test_it_tells_time_lag_and_the_store(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rounds, "TICK", 0.001)
        monkeypatch.setattr(rounds, "HEARTBEAT", 0.002)
        async with live() as broker, connected(broker) as client:
            broker.publish(arrivals([1]))
            while not client.of("heartbeat"):
                await client.chunk()
            beat = client.of("heartbeat")[0]
            assert set(beat.data) == {"time", "lag_ms", "store"}
            assert set(beat.data["lag_ms"]) == {"stream", "audit"}
            assert beat.data["store"] == "ok"

    async def test_it_comes_as_soon_as_the_store_s_state_changes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rounds, "TICK", 0.001)
        state: list[str | None] = [None]
        broker = InProcessBroker(MemoryFeed(), "Products", version="1", status=lambda: state[0])
        async with broker.running(), connected(broker) as client:
            await client.now()
            state[0] = "the engine does not answer"
            await client.chunk()
            state[0] = None
            await client.chunk()
            assert [beat.data["store"] for beat in client.of("heartbeat")] == [
                "the engine does not answer",
                "ok",
            ]

    async def test_a_filtered_client_comes_back_from_its_heartbeat_into_the_ring(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rounds, "TICK", 0.001)
        monkeypatch.setattr(rounds, "HEARTBEAT", 0.002)
        feed, wanted = MemoryFeed(), Filter(product_id="P2")
        async with live(feed, max_events=3) as broker:
            async with connected(broker, None, wanted) as client:
                for number in range(1, 10):
                    broker.publish(feed.add(arrivals([number])))
                    await turns(2)
                while client.messages[-1:] == [] or client.last_id != after(9):
                    await client.chunk()
            broker.publish(feed.add([an_arrival(10, product_id="P2")]))
            async with connected(broker, client.last_id, wanted) as again:
                assert (await again.now()).changes == [10]
        assert feed.reads == 0


@pytest.mark.parametrize("cursor", ["", "nonsense", "1-2-3", "9" * 40])
async def test_a_cursor_that_no_one_gave_out_is_refused(cursor: str) -> None:
    async with live() as broker:
        with pytest.raises(InvalidCursor):
            broker.check(cursor)
        with pytest.raises(InvalidCursor):
            async with broker.subscribe(cursor):
                pass
        assert broker.subscribers == 0


class TestFallingBehind:
    async def test_an_idle_filtered_client_outlives_the_turning_of_the_ring(self) -> None:
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

    async def test_one_that_lags_is_ended_counted_and_comes_back_with_its_id(self) -> None:
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

    async def test_one_that_lags_during_a_burst_misses_nothing_in_silence(self) -> None:
        """The burst comes between the loop's look at the ring and the client's own."""
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
