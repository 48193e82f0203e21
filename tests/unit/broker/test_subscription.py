"""A subscription drains what is new in few writes, beats in between, and ends when it must."""

import asyncio
from typing import Any

import pytest

from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame, signal
from app.broker.ring import Ring
from app.broker.subscription import Pulse, Subscription
from app.broker.view import CHUNK_BYTES, View
from tests.support.builders import a_cursor
from tests.unit.broker.kit import Client, RacingRing, a_blob, a_frame, messages

pytestmark = pytest.mark.anyio


class Desk:
    """A ring, a view and a pulse, and subscriptions to them."""

    def __init__(self, wanted: Filter = EVERYTHING, ring: type[Ring] = Ring, **limits: int) -> None:
        self.ring = ring(**limits)
        self.view = View(self.ring, wanted, 0)
        self.pulse = Pulse()
        self.fallen = 0

    def add(self, *frames: Frame) -> None:
        for frame in frames:
            self.ring.append(frame)
        if self.view.advance():
            self.view.wake()

    def race(self, look: int, *frames: Frame) -> None:
        """Have another thread append these just before the n-th look at the ring."""
        self.ring.before_look(look, lambda: [self.ring.append(frame) for frame in frames])  # type: ignore[attr-defined]

    @property
    def in_ring(self) -> set[int]:
        """The numbers of the events that the ring holds."""
        held = (self.ring.get(place) for place in range(self.ring.start, self.ring.end))
        return {message.number for frame in held if frame for message in messages(frame.data)}

    def beat(self, count: int = 1) -> None:
        self.pulse.beats += count
        self.view.wake()

    def subscription(self, **fields: Any) -> Subscription:
        def fell_out() -> None:
            self.fallen += 1

        values: dict[str, Any] = {
            "ring": self.ring,
            "view": self.view,
            "pulse": self.pulse,
            "position": self.ring.end,
            "opening": [signal("hello", str(a_cursor(0)), {})],
            "backfill": (),
            "heartbeat": lambda cursor: signal("heartbeat", cursor, {}),
            "fell_out": fell_out,
            "cursor": str(a_cursor(0)),
            "max_beats": 1_000,
        }
        return Subscription(**values | fields)

    def client(self, **fields: Any) -> Client:
        return Client(self.subscription(**fields).chunks())  # type: ignore[arg-type]


async def test_the_opening_comes_first() -> None:
    client = await Desk().client().now()
    assert [message.event for message in client.messages] == ["hello"]


async def test_all_that_is_new_comes_in_one_write() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.add(*(a_frame(number) for number in range(1, 21)))
    await client.now()
    assert client.changes == list(range(1, 21))
    assert len(client.raw) == 2


async def test_nothing_is_gathered_while_the_socket_does_not_drain() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.add(a_frame(1))
    await client.chunk()
    desk.add(a_frame(2))
    desk.add(a_frame(3))
    await client.chunk()
    assert client.changes == [1, 2, 3]
    assert len(client.raw) == 3


async def test_a_back_fill_comes_before_what_is_live_and_each_event_once() -> None:
    desk = Desk()
    client = desk.client(backfill=[a_frame(number) for number in (1, 2, 3)])
    desk.add(a_frame(2), a_frame(4), a_frame(3), a_frame(5))
    await client.now()
    assert client.changes == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("missed", [[], [a_blob(1_000, 10)]], ids=["live", "after a back-fill"])
async def test_every_write_is_at_most_64_kb(missed: list[Frame]) -> None:
    desk = Desk()
    chunks = desk.subscription(backfill=missed).chunks()
    desk.add(*(a_blob(number, 30_000) for number in range(7)))
    sizes = [len(await anext(chunks)) for _ in range(5)]
    assert max(sizes) <= CHUNK_BYTES


async def test_a_back_fill_is_written_in_chunks_too() -> None:
    chunks = Desk().subscription(backfill=[a_blob(n, 30_000) for n in range(4)]).chunks()
    sizes = [len(await anext(chunks)) for _ in range(3)]
    assert sizes[1:] == [60_000, 60_000]


async def test_a_heartbeat_s_id_is_where_the_subscriber_has_got_to() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.beat()
    await client.now()
    desk.add(a_frame(1), a_frame(2))
    await client.now()
    desk.beat()
    await client.now()
    assert [beat.id for beat in client.of("heartbeat")] == [str(a_cursor(0)), str(a_cursor(2))]


async def test_a_filtered_subscriber_s_heartbeat_moves_with_the_ring() -> None:
    desk = Desk(Filter(category="Toys"))
    client = await desk.client().now()
    desk.add(a_frame(1), a_frame(2))  # Kitchen, both
    desk.beat()
    await client.now()
    assert client.changes == []
    assert client.last_id == str(a_cursor(2))


async def test_what_is_new_comes_before_the_heartbeat_that_would_pass_over_it() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.ring.append(a_frame(1))
    desk.beat()  # the view has not yet looked at event 1
    await client.now()
    assert client.last_id == str(a_cursor(0))
    desk.add()
    await client.now()
    assert client.changes == [1]


async def test_several_beats_missed_are_one_heartbeat() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.beat(5)
    await client.now()
    assert len(client.of("heartbeat")) == 1


async def test_it_ends_after_its_age_in_beats() -> None:
    desk = Desk()
    client = await desk.client(max_beats=3).now()
    for _ in range(2):
        desk.beat()
        await client.now()
    assert not client.ended
    desk.beat()
    await client.now()
    assert client.ended


async def test_it_ends_when_the_broker_closes() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.pulse.closing = True
    desk.view.wake()
    await client.now()
    assert client.ended
    assert desk.fallen == 0


async def test_one_that_falls_out_of_the_ring_ends_and_is_counted() -> None:
    desk = Desk(max_events=3)
    client = await desk.client().now()
    desk.add(*(a_frame(number) for number in (1, 2, 3)))
    desk.add(a_frame(4))
    await client.now()
    assert client.ended
    assert client.changes == []
    assert desk.fallen == 1


async def test_one_that_falls_out_before_the_view_has_noticed_ends_too() -> None:
    """Publishers are other threads: the ring moves on before the loop hears of it."""
    desk = Desk(max_events=3)
    client = await desk.client().now()
    for number in (1, 2, 3):
        desk.ring.append(a_frame(number))
    desk.view.advance()  # the subscriber's task has not run yet
    desk.ring.append(a_frame(4))
    desk.ring.append(a_frame(5))
    desk.view.wake()
    await client.now()
    desk.add()
    await client.now()
    assert (client.changes, client.ended, desk.fallen) == ([], True, 1)


async def test_one_with_a_back_fill_that_falls_out_before_the_view_has_noticed_ends_too() -> None:
    desk = Desk(max_events=3)
    client = await desk.client(backfill=[a_frame(100)]).now()
    for number in (1, 2, 3):
        desk.ring.append(a_frame(number))
    desk.view.advance()
    desk.ring.append(a_frame(4))
    desk.ring.append(a_frame(5))
    desk.view.wake()
    await client.now()
    desk.add()
    await client.now()
    assert (client.changes, client.ended, desk.fallen) == ([100], True, 1)


@pytest.mark.parametrize("missed", [[], [a_frame(100)]], ids=["live", "after a back-fill"])
@pytest.mark.parametrize("wanted", [EVERYTHING, Filter(category="Kitchen")], ids=["all", "some"])
async def test_a_burst_at_any_moment_is_sent_whole_or_ends_the_subscription(
    wanted: Filter, missed: list[Frame]
) -> None:
    """Another thread turns the ring over just before the n-th look at it."""
    for look in range(1, 31):
        desk = Desk(wanted, RacingRing, max_events=3)
        client = await desk.client(backfill=missed).now()
        desk.race(look, *(a_frame(number) for number in (3, 4, 5)))
        desk.add(a_frame(1), a_frame(2))
        await client.now()
        desk.beat()
        await client.now()
        desk.race(0)
        desk.add()
        desk.beat()
        await client.now()
        await client.close()
        got = client.changes[len(missed) :]
        assert got == [1, 2, 3, 4, 5][: len(got)], f"a burst before look {look}"
        assert client.ended == (desk.fallen == 1)
        assert client.ended or got[-1] == max(desk.in_ring)


async def test_the_ids_of_a_back_fill_are_forgotten_in_the_end() -> None:
    desk = Desk()
    subscription = desk.subscription(backfill=[a_frame(1)])
    client = await Client(subscription.chunks()).now()  # type: ignore[arg-type]
    for _ in range(6):
        desk.beat()
        await client.now()
    assert subscription.sent == set()
    desk.add(a_frame(2))
    await client.now()
    assert client.changes == [1, 2]


async def test_cancelling_a_wait_leaves_the_others_waiting() -> None:
    desk = Desk()
    one, other = desk.client(), desk.client()
    await one.now()
    await other.now()
    await one.close()
    desk.add(a_frame(1))
    await asyncio.wait_for(other.until(1), 5)
    assert other.changes == [1]
