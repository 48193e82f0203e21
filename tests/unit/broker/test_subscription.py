"""A subscription sends its opening, the backfill, and then new events in few writes."""

import asyncio
import time

import pytest

from app.broker.backfill import Portion
from app.broker.filters import Filter
from app.broker.frames import Frame
from app.broker.subscription import REMEMBERED
from app.broker.views import CHUNK_BYTES
from tests.support.builders import a_cursor
from tests.unit.broker.desk import Desk, client_of
from tests.unit.broker.ring.rings import a_blob, a_frame

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


async def test_opening_is_sent_first() -> None:
    client = await Desk().client().now()
    assert [message.event for message in client.messages] == ["hello"]


async def test_all_new_events_are_sent_in_one_write() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.add(*(a_frame(number) for number in range(1, 21)))
    await client.now()
    assert client.changes == list(range(1, 21))
    assert len(client.raw) == 2


async def test_nothing_is_buffered_while_the_socket_does_not_drain() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.add(a_frame(1))
    await client.chunk()
    desk.add(a_frame(2))
    desk.add(a_frame(3))
    await client.chunk()
    assert client.changes == [1, 2, 3]
    assert len(client.raw) == 3


async def test_backfill_is_sent_before_live_events_and_each_event_once() -> None:
    desk = Desk()
    client = desk.client(missed=desk.missed(*(a_frame(number) for number in (1, 2, 3))))
    desk.add(a_frame(2), a_frame(4), a_frame(3), a_frame(5))
    await client.now()
    assert client.changes == [1, 2, 3, 4, 5]


async def test_portions_are_sent_one_after_another_and_each_event_once() -> None:
    desk = Desk()
    desk.add(a_frame(3), a_frame(4))
    rest = [Portion([a_frame(2), a_frame(3)], None, 2)]

    async def more(_: Portion) -> Portion | None:
        return rest.pop() if rest else None

    first = Portion([a_frame(1), a_frame(2), a_frame(1)], a_cursor(2), 2)
    client = desk.client(missed=first, more=more)
    desk.add(a_frame(5))
    await client.now()
    assert client.changes == [1, 2, 3, 5]


async def test_events_published_after_an_earlier_portion_was_read_are_sent() -> None:
    """Another client had read the second portion before the ring got event 3."""
    desk = Desk()
    desk.add(a_frame(3))
    rest = [Portion([a_frame(2)], None, 0)]

    async def more(_: Portion) -> Portion | None:
        return rest.pop() if rest else None

    client = await desk.client(missed=Portion([a_frame(1)], a_cursor(1), 1), more=more).now()
    assert client.changes == [1, 2, 3]


async def test_filter_applies_to_missed_events() -> None:
    desk = Desk()
    missed = desk.missed(a_frame(1), a_frame(2))
    client = await desk.client(missed=missed, wanted=Filter(actor="nobody")).now()
    assert client.changes == []


@pytest.mark.parametrize("missed", [[], [a_blob(1_000, 10)]], ids=["live", "after a backfill"])
async def test_every_write_is_at_most_64_kb(missed: list[Frame]) -> None:
    desk = Desk()
    chunks = desk.subscription(missed=desk.missed(*missed)).chunks()
    desk.add(*(a_blob(number, 30_000) for number in range(7)))
    sizes = [len(await anext(chunks)) for _ in range(5)]
    assert max(sizes) <= CHUNK_BYTES


async def test_backfill_is_sent_in_chunks() -> None:
    desk = Desk()
    missed = desk.missed(*(a_blob(n, 30_000) for n in range(4)))
    chunks = desk.subscription(missed=missed).chunks()
    sizes = [len(await anext(chunks)) for _ in range(3)]
    assert sizes[1:] == [60_000, 60_000]


async def test_backfill_ids_are_eventually_forgotten() -> None:
    desk = Desk()
    subscription = desk.subscription(missed=desk.missed(a_frame(1)))
    client = await client_of(subscription).now()
    for _ in range(REMEMBERED + 1):
        desk.beat()
        await client.now()
    assert subscription.sent == set()
    desk.add(a_frame(2))
    await client.now()
    assert client.changes == [1, 2]


async def test_cancelling_one_wait_does_not_affect_others() -> None:
    desk = Desk()
    one, other = desk.client(), desk.client()
    await one.now()
    await other.now()
    await one.close()
    desk.add(a_frame(1))
    await asyncio.wait_for(other.until(1), 5)
    assert other.changes == [1]


async def test_pulse_notes_how_long_the_slowest_subscriber_waited_for_the_newest_event() -> None:
    desk = Desk()
    first, second = await desk.client().now(), await desk.client().now()
    assert desk.pulse.sent is None
    added_at = desk.pulse.added_at = time.monotonic()
    desk.add(a_frame(1))
    await first.now()
    await second.now()
    assert desk.pulse.sent is not None
    desk.pulse.note_sent(added_at + 100.25, since=0)
    desk.pulse.note_sent(added_at + 100.125, since=0)
    assert desk.pulse.sent == 100.25, "the greatest of them"
    desk.pulse.added_at = 0.5
    desk.pulse.note_sent(1, since=0)
    assert desk.pulse.sent == 0.5, "of the newest event only"


async def test_pulse_does_not_count_who_comes_back_later() -> None:
    """A page that was asleep is sent what it missed: that took no time on the way."""
    desk = Desk()
    desk.pulse.added_at = time.monotonic() - 3_000
    desk.add(a_frame(1))
    client = await desk.client(position=desk.ring.start).now()
    assert client.changes == [1]
    assert desk.pulse.sent is None
