"""A beat tells a subscriber how far it has got, and ends it when its time is over."""

import pytest

from app.broker.filters import Filter
from tests.support.builders import a_cursor
from tests.unit.broker.desk import Desk
from tests.unit.broker.ring.rings import a_frame

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


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
