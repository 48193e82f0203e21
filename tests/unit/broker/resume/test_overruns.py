"""One that falls out of the ring ends, is counted, and was sent no broken sequence."""

import pytest

from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame
from tests.unit.broker.desk import Desk
from tests.unit.broker.ring.rings import RacingRing, a_frame

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


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
