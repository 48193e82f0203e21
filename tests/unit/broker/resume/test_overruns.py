"""A subscription evicted from the ring ends, is counted, and was sent no gap."""

import pytest

from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame
from tests.unit.broker.desk import Desk
from tests.unit.broker.ring.rings import RacingRing, a_frame

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


async def test_subscription_evicted_from_the_ring_ends_and_is_counted() -> None:
    desk = Desk(max_events=3)
    client = await desk.client().now()
    desk.add(*(a_frame(number) for number in (1, 2, 3)))
    desk.add(a_frame(4))
    await client.now()
    assert client.ended
    assert client.changes == []
    assert desk.fallen == 1


async def test_eviction_before_the_view_advances_ends_the_subscription() -> None:
    """Publishers are other threads, so the ring may change before the event loop runs."""
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


async def test_eviction_after_a_backfill_ends_the_subscription() -> None:
    desk = Desk(max_events=3)
    client = await desk.client(missed=desk.missed(a_frame(100))).now()
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


@pytest.mark.parametrize("missed", [[], [a_frame(100)]], ids=["live", "after a backfill"])
@pytest.mark.parametrize("wanted", [EVERYTHING, Filter(category="Kitchen")], ids=["all", "some"])
async def test_burst_at_any_moment_is_sent_completely_or_ends_the_subscription(
    wanted: Filter, missed: list[Frame]
) -> None:
    """Another thread replaces the ring's content just before the n-th access to it."""
    for access in range(1, 31):
        desk = Desk(wanted, RacingRing, max_events=3)
        client = await desk.client(missed=desk.missed(*missed)).now()
        desk.race(access, *(a_frame(number) for number in (3, 4, 5)))
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
        assert got == [1, 2, 3, 4, 5][: len(got)], f"a burst before access {access}"
        assert client.ended == (desk.fallen == 1)
        assert client.ended or got[-1] == max(desk.in_ring)
