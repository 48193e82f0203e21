"""A restart reads few events, whatever the history; older cursors are served from the feed."""

import pytest

from app.broker.backfill import START_EVENTS, START_KNOWN
from app.broker.in_process import InProcessBroker
from app.broker.ring import Ring
from tests.support.builders import a_cursor, an_event, arrivals
from tests.unit.broker.kit import MemoryFeed, connected, live
from tests.unit.broker.ring.rings import a_frame

pytestmark = pytest.mark.anyio

EVENTS = START_EVENTS + 300


def a_history(events: int = EVENTS) -> MemoryFeed:
    feed = MemoryFeed()
    feed.add(arrivals(range(1, events + 1)))
    return feed


async def test_ring_starts_with_the_newest_events() -> None:
    async with live(a_history()) as broker:
        assert broker.held == START_EVENTS
        assert broker.head == str(a_cursor(EVENTS))


async def test_cursor_in_the_ring_needs_no_feed_read() -> None:
    feed = a_history()
    async with live(feed) as broker, connected(broker, str(a_cursor(EVENTS - 2))) as client:
        assert (await client.now()).changes == [EVENTS - 1, EVENTS]
    assert feed.reads == 0


async def test_older_cursor_is_served_from_the_feed_and_then_from_the_ring() -> None:
    feed = a_history()
    async with live(feed) as broker, connected(broker, str(a_cursor(100))) as client:
        broker.publish(feed.add(arrivals([EVENTS + 1])))
        changes = (await client.until(EVENTS + 1)).changes
        assert changes == [*range(1, EVENTS + 2)]  # from 10 s before the cursor, each once
    assert feed.reads == 1


async def test_events_read_again_after_a_crash_are_not_sent_again() -> None:
    """Its last page was durable and published, but not yet checkpointed."""
    feed = a_history()
    async with live(feed) as broker, connected(broker) as client:
        page = [(a_cursor(EVENTS + n), an_event(n)) for n in range(1, EVENTS + 1)]
        broker.publish(feed.add(page))
        broker.publish(feed.add(arrivals([10_000])))
        assert (await client.now()).changes == [10_000]


async def test_sweep_adds_nothing_older_than_the_ring() -> None:
    feed = a_history()
    async with live(feed, overlap_ms=10_000) as broker, connected(broker) as client:
        await client.now()
        broker.catch_up(0)
        assert (await client.now()).changes == []
        assert broker.held == START_EVENTS


async def test_ring_knows_whether_it_holds_the_whole_history() -> None:
    for events, whole in ((START_EVENTS, True), (START_EVENTS + 1, False)):
        async with live(a_history(events)) as broker:
            cursor, frames, nothing_older = broker.newest()
            assert cursor == str(a_cursor(events))
            assert next(frames).event_id == an_event(events).id
            assert sum(1 for _ in frames) == START_EVENTS - 1
            assert nothing_older is whole


def test_start_reads_only_the_newest_events_of_the_feed() -> None:
    asked = []

    class Counting(MemoryFeed):
        def newest(self, count, before):
            asked.append((count, before))
            return super().newest(count, before)

        def recent(self, *_edges):
            raise AssertionError("a start reads only the newest events")

    InProcessBroker(Counting(), "Products", version="1").load()
    assert asked == [(START_EVENTS, START_KNOWN)]


def test_ids_of_older_events_count_towards_the_ring_s_limit() -> None:
    ring = Ring(max_events=4)
    ring.begin([a_frame(3)], [(an_event(2).id, a_cursor(2).ms), (an_event(1).id, a_cursor(1).ms)])
    assert ring.holds(an_event(1).id)
    ring.append(a_frame(4))
    ring.append(a_frame(5))
    assert not ring.holds(an_event(1).id)
    assert ring.holds(an_event(2).id)


def test_with_several_writers_an_older_event_with_a_new_stamp_is_sent_again() -> None:
    ring = Ring(resend=True)
    ring.begin([a_frame(2)], [(an_event(1).id, a_cursor(1).ms)])
    assert not ring.append(a_frame(1))
    assert ring.append(a_frame(1, str(a_cursor(9))))
