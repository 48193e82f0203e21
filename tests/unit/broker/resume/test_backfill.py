"""Clients that reconnect together share the portions of a backfill; accounts take turns."""

import asyncio
import threading

import pytest

from app.broker.backfill import MAX_EVENTS, PORTION, Backfills, Portion
from app.broker.frames import Frame, change_frame
from app.broker.ring import Ring
from app.core.errors import StoreUnavailable
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from tests.support.builders import a_cursor, an_arrival, arrivals
from tests.unit.broker.kit import HeldFeed, MemoryFeed, turns
from tests.unit.broker.ring.rings import a_blob

pytestmark = pytest.mark.anyio


def a_frame(arrival: Arrived) -> Frame:
    return change_frame(str(arrival[0]), arrival[1], "Products")


def backfills_of(feed: MemoryFeed, ring: Ring | None = None) -> Backfills:
    return Backfills(feed, ring or Ring(), a_frame)


async def all_of(backfills: Backfills, cursor: Cursor, account: str = "ada") -> list[Portion]:
    """Every portion since a cursor."""
    found: list[Portion] = []
    portion = await backfills.first(cursor, account)
    while portion is not None:
        found.append(portion)
        portion = await backfills.after(portion, account)
    return found


class SlowFeed(MemoryFeed):
    """Counts concurrent reads, and answers when it is released."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.asked: list[Cursor] = []
        self.most = 0
        self._error = error
        self._reading = 0
        self._lock = threading.Lock()
        self.two_are_in = threading.Event()
        self.release = threading.Event()

    def resume_point(self, cursor: Cursor, most: int) -> Cursor | None:
        assert most == MAX_EVENTS == 5_000
        with self._lock:
            self.asked.append(cursor)
            self._reading += 1
            self.most = max(self.most, self._reading)
            if self.most == 2:
                self.two_are_in.set()
        assert self.release.wait(10)
        with self._lock:
            self._reading -= 1
        if self._error is not None:
            raise self._error
        return super().resume_point(cursor, most)


class TestSharing:
    async def test_clients_with_cursors_of_one_second_share_one_read(self) -> None:
        feed = SlowFeed()
        feed.add(arrivals([1]))
        backfills = backfills_of(feed)
        tasks = [asyncio.create_task(backfills.first(a_cursor(n), f"a{n}")) for n in range(50)]
        await turns(3)
        feed.release.set()
        portions = await asyncio.gather(*tasks)
        assert len(feed.asked) == 1
        assert {len(portion.frames) for portion in portions if portion} == {1}

    async def test_shared_read_starts_at_or_before_every_client_s_cursor(self) -> None:
        feed = SlowFeed()
        feed.release.set()
        cursors = [a_cursor(999), a_cursor(0), a_cursor(500)]
        await asyncio.gather(*(backfills_of(feed).first(cursor, None) for cursor in cursors))
        assert all(asked <= cursor for asked, cursor in zip(feed.asked, cursors, strict=True))

    async def test_later_client_goes_on_from_the_ring_s_end_at_the_portion_s_start(self) -> None:
        """The portion may lack events that were published after it was read."""
        feed, ring = MemoryFeed(), Ring()
        backfills = backfills_of(feed, ring)
        ring.append(a_blob(1, 5))
        first = await backfills.first(a_cursor(1), "ada")
        ring.append(a_blob(2, 5))
        assert await backfills.first(a_cursor(1), "ben") is first
        assert first is not None
        assert first.began == 1

    async def test_portion_is_read_again_once_the_ring_lacks_what_followed_it(self) -> None:
        feed, ring = MemoryFeed(), Ring(max_events=2)
        backfills = backfills_of(feed, ring)
        await backfills.first(a_cursor(1), "ada")
        for number in range(3):
            ring.append(a_blob(number, 5))
        portion = await backfills.first(a_cursor(1), "ada")
        assert portion is not None
        assert (portion.began, feed.reads) == (3, 2)

    async def test_cancelled_client_does_not_cancel_the_shared_read(self) -> None:
        feed = HeldFeed()
        feed.add(arrivals([1]))
        backfills = backfills_of(feed)
        one, other = (asyncio.create_task(backfills.first(a_cursor(1), None)) for _ in range(2))
        await feed.was_read()
        one.cancel()
        feed.release.set()
        portion = await other
        assert portion is not None
        assert len(portion.frames) == 1
        assert one.cancelled()

    async def test_read_error_is_raised_for_all_clients_and_the_next_one_retries(self) -> None:
        feed = SlowFeed(StoreUnavailable("down"))
        backfills = backfills_of(feed)
        tasks = [asyncio.create_task(backfills.first(a_cursor(1), None)) for _ in range(3)]
        await turns(3)
        feed.release.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
        with pytest.raises(StoreUnavailable):
            await backfills.first(a_cursor(1), None)
        assert len(feed.asked) == 2


class TestPortions:
    async def test_portions_together_hold_every_event_in_order(self) -> None:
        feed = MemoryFeed()
        feed.add(arrivals(range(2 * PORTION + 1)))
        portions = await all_of(backfills_of(feed), a_cursor(1))
        assert [len(portion.frames) for portion in portions] == [PORTION, PORTION, 1]
        cursors = [frame.cursor for portion in portions for frame in portion.frames]
        assert cursors == [str(a_cursor(number)) for number in range(2 * PORTION + 1)]

    async def test_few_portions_are_kept(self) -> None:
        feed = MemoryFeed()
        feed.add([an_arrival(n, note="x" * 2_000) for n in range(20 * PORTION)])
        backfills = backfills_of(feed)
        await all_of(backfills, a_cursor(1))
        reads = feed.portions
        await all_of(backfills, a_cursor(1))
        assert feed.portions == 2 * reads


class TestTurns:
    async def test_at_most_two_reads_run_at_a_time(self) -> None:
        feed = SlowFeed()
        backfills = backfills_of(feed)
        tasks = [
            asyncio.create_task(backfills.first(a_cursor(n * 1_000), f"a{n}")) for n in range(8)
        ]
        assert await asyncio.to_thread(feed.two_are_in.wait, 5)
        feed.release.set()
        await asyncio.gather(*tasks)
        assert len(feed.asked) == 8
        assert feed.most <= 2

    async def test_client_waits_for_the_running_reads_and_not_for_another_account_s_queue(
        self,
    ) -> None:
        feed = SlowFeed()
        backfills = backfills_of(feed)
        hostile = [
            asyncio.create_task(backfills.first(a_cursor(n * 1_000), "mallory")) for n in range(200)
        ]
        await turns(3)
        other = asyncio.create_task(backfills.first(a_cursor(-5_000), "ada"))
        await turns(3)
        feed.release.set()
        await other
        asked = [cursor.ms for cursor in feed.asked]
        assert asked.index(a_cursor(-5_000).ms) <= 3  # two are running; one turn each
        await asyncio.gather(*hostile)

    async def test_client_that_disconnects_while_it_waits_causes_no_read(self) -> None:
        feed = SlowFeed()
        backfills = backfills_of(feed)
        tasks = [
            asyncio.create_task(backfills.first(a_cursor(n * 1_000), "mallory")) for n in range(50)
        ]
        await turns(3)
        for task in tasks[2:]:
            task.cancel()
        await turns(3)
        feed.release.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(feed.asked) == 2
        await backfills.first(a_cursor(-5_000), "mallory")  # the places are free again
