"""A client that disconnects after any message resumes with its id and misses nothing."""

import asyncio
import threading

import pytest

from app.broker import heartbeat
from app.broker.condition import Condition
from app.broker.filters import Filter
from app.broker.in_process import InProcessBroker
from tests.support.builders import a_cursor, an_arrival, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live, turns
from tests.unit.broker.resume.coming_back import LONG_AGO, after
from worker.effects.publish_order import PublishOrder

pytestmark = pytest.mark.anyio


class TestAnyBreak:
    """The connection breaks after each message in turn; the client resumes with its id."""

    async def missed(
        self, broker: InProcessBroker, feed: MemoryFeed, cursor: str | None, wanted: Filter
    ) -> None:
        """Check for each message that the events before it and after resuming are complete."""
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

    async def test_nothing_is_missed_if_the_ring_holds_only_the_newest(self) -> None:
        feed = MemoryFeed()
        async with live(feed, max_events=3) as broker:
            broker.publish(feed.add(arrivals(range(1, 8))))
            await self.missed(broker, feed, LONG_AGO, Filter())

    async def test_nothing_is_missed_if_a_later_stamp_is_ready_before_an_earlier_one(
        self,
    ) -> None:
        """Two shards' readers; `PublishOrder` makes the second wait for the first."""
        feed, stamps = MemoryFeed(), iter([a_cursor(1), a_cursor(2)])
        order = PublishOrder(stamps.__next__, wait_limit=5)
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
    async def test_heartbeat_has_time_lag_and_condition(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(heartbeat, "TICK", 0.001)
        monkeypatch.setattr(heartbeat, "HEARTBEAT", 0.002)
        async with live() as broker, connected(broker) as client:
            broker.publish(arrivals([1]))
            while not client.of("heartbeat"):
                await client.chunk()
            beat = client.of("heartbeat")[0]
            fields = {"time", "lag_ms", "store", "state", "says", "since", "seen"}
            assert set(beat.data) == fields
            assert set(beat.data["lag_ms"]) == {"stream", "audit"}
            assert (beat.data["store"], beat.data["state"]) == ("ok", "live")

    async def test_heartbeat_is_sent_as_soon_as_the_state_changes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(heartbeat, "TICK", 0.001)
        found = [Condition()]
        broker = InProcessBroker(MemoryFeed(), "Products", version="1", condition=lambda: found[0])
        async with broker.running(), connected(broker) as client:
            await client.now()
            found[0] = Condition("stale", part="the engine does not answer")
            await client.chunk()
            found[0] = Condition()
            await client.chunk()
            assert [beat.data["store"] for beat in client.of("heartbeat")] == [
                "the engine does not answer",
                "ok",
            ]

    async def test_filtered_client_resumes_in_the_ring_from_its_heartbeat(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(heartbeat, "TICK", 0.001)
        monkeypatch.setattr(heartbeat, "HEARTBEAT", 0.002)
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
