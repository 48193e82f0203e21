"""Clients that reconnect together share a read, and go on from the ring's end at its start."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from app.broker.backfill import MAX_EVENTS, Backfills
from app.core.errors import StoreUnavailable
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from tests.support.builders import a_cursor, arrivals
from tests.unit.broker.kit import HeldFeed, MemoryFeed, turns

pytestmark = pytest.mark.anyio


class Desk:
    """A history that counts concurrent reads, and answers when it is released."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[Cursor] = []
        self.limits: set[int] = set()
        self.most = 0
        self._error = error
        self._reading = 0
        self._lock = threading.Lock()
        self.two_are_in = threading.Event()
        self.release = threading.Event()

    def recent(self, limit: int) -> Sequence[Arrived]:
        raise AssertionError("a backfill must not read the newest events")

    def backfill(self, cursor: Cursor, limit: int) -> Sequence[Arrived]:
        with self._lock:
            self.asked.append(cursor)
            self.limits.add(limit)
            self._reading += 1
            self.most = max(self.most, self._reading)
            if self.most == 2:
                self.two_are_in.set()
        assert self.release.wait(10)
        with self._lock:
            self._reading -= 1
        if self._error is not None:
            raise self._error
        return arrivals([1])


async def test_clients_with_cursors_of_one_second_share_one_read() -> None:
    desk = Desk()
    backfills = Backfills(desk)
    tasks = [asyncio.create_task(backfills.since(a_cursor(n), 0)) for n in range(50)]
    await turns(3)
    desk.release.set()
    answers = await asyncio.gather(*tasks)
    assert len(desk.asked) == 1
    assert {len(missed or ()) for missed, _ in answers} == {1}


async def test_client_that_joins_a_read_resumes_from_the_ring_s_end_at_its_start() -> None:
    """The read may lack events that were published after it began."""
    desk = Desk()
    backfills = Backfills(desk)
    tasks = [asyncio.create_task(backfills.since(a_cursor(1), end)) for end in (7, 9, 30)]
    await turns(3)
    desk.release.set()
    assert [end for _, end in await asyncio.gather(*tasks)] == [7, 7, 7]
    assert (await backfills.since(a_cursor(1), 40))[1] == 40


async def test_shared_read_starts_at_or_before_every_client_s_cursor() -> None:
    desk = Desk()
    desk.release.set()
    cursors = [a_cursor(999), a_cursor(0), a_cursor(500)]
    await asyncio.gather(*(Backfills(desk).since(cursor, 0) for cursor in cursors))
    assert all(asked <= cursor for asked, cursor in zip(desk.asked, cursors, strict=True))


async def test_read_is_limited_to_5000_events() -> None:
    desk = Desk()
    desk.release.set()
    await Backfills(desk).since(a_cursor(1), 0)
    assert desk.limits == {MAX_EVENTS}
    assert MAX_EVENTS == 5_000


async def test_at_most_two_reads_run_at_a_time() -> None:
    desk = Desk()
    backfills = Backfills(desk)
    tasks = [asyncio.create_task(backfills.since(a_cursor(n * 1_000), 0)) for n in range(8)]
    assert await asyncio.to_thread(desk.two_are_in.wait, 5)
    desk.release.set()
    await asyncio.gather(*tasks)
    assert len(desk.asked) == 8
    assert desk.most <= 2


async def test_later_client_gets_a_new_read() -> None:
    feed = MemoryFeed()
    backfills = Backfills(feed)
    await backfills.since(a_cursor(1), 0)
    feed.add(arrivals([1]))
    missed, _ = await backfills.since(a_cursor(1), 0)
    assert len(missed or ()) == 1
    assert feed.reads == 2


async def test_cancelled_client_does_not_cancel_the_shared_read() -> None:
    feed = HeldFeed()
    feed.add(arrivals([1]))
    backfills = Backfills(feed)
    one, other = (asyncio.create_task(backfills.since(a_cursor(1), 0)) for _ in range(2))
    await feed.was_read()
    one.cancel()
    feed.release.set()
    missed, _ = await other
    assert len(missed or ()) == 1
    assert one.cancelled()


async def test_read_error_is_raised_for_all_clients_and_the_next_one_retries() -> None:
    desk = Desk(StoreUnavailable("down"))
    backfills = Backfills(desk)
    tasks = [asyncio.create_task(backfills.since(a_cursor(1), 0)) for _ in range(3)]
    await turns(3)
    desk.release.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    with pytest.raises(StoreUnavailable):
        await backfills.since(a_cursor(1), 0)
    assert len(desk.asked) == 2
