"""A heartbeat gives a subscriber its cursor, and ends the subscription at its maximum age."""

import json
from typing import Any

import pytest

from app.broker import heartbeat
from app.broker.condition import Condition
from app.broker.filters import Filter
from app.broker.heartbeat import StatusMessages
from tests.support.builders import NOON_MS, a_cursor
from tests.unit.broker.desk import Desk
from tests.unit.broker.ring.rings import a_frame

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


async def test_heartbeat_id_is_the_subscriber_s_cursor() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.beat()
    await client.now()
    desk.add(a_frame(1), a_frame(2))
    await client.now()
    desk.beat()
    await client.now()
    assert [beat.id for beat in client.of("heartbeat")] == [str(a_cursor(0)), str(a_cursor(2))]


async def test_heartbeat_id_of_a_filtered_subscriber_moves_with_the_ring() -> None:
    desk = Desk(Filter(category="Toys"))
    client = await desk.client().now()
    desk.add(a_frame(1), a_frame(2))  # Kitchen, both
    desk.beat()
    await client.now()
    assert client.changes == []
    assert client.last_id == str(a_cursor(2))


async def test_new_event_is_sent_before_a_heartbeat_that_would_skip_it() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.ring.append(a_frame(1))
    desk.beat()  # the view has not evaluated event 1 yet
    await client.now()
    assert client.last_id == str(a_cursor(0))
    desk.add()
    await client.now()
    assert client.changes == [1]


async def test_several_missed_beats_are_sent_as_one_heartbeat() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.beat(5)
    await client.now()
    assert len(client.of("heartbeat")) == 1


async def test_subscription_ends_after_its_maximum_number_of_beats() -> None:
    desk = Desk()
    client = await desk.client(max_beats=3).now()
    for _ in range(2):
        desk.beat()
        await client.now()
    assert not client.ended
    desk.beat()
    await client.now()
    assert client.ended


async def test_subscription_ends_when_the_broker_closes() -> None:
    desk = Desk()
    client = await desk.client().now()
    desk.pulse.closing = True
    desk.view.wake()
    await client.now()
    assert client.ended
    assert desk.fallen == 0


@pytest.mark.parametrize(
    ("stamp", "occurred", "now", "lag"),
    [
        (400, 100, 450, {"stream": 300, "audit": 50}),
        # After a day ahead, the clock was set back. Stamps stay ahead until the time catches up.
        (86_400_000, 100, 450, {"stream": 350, "audit": 0}),
    ],
)
async def test_lag_is_the_delay_of_what_was_received(
    stamp: int, occurred: int, now: int, lag: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: NOON_MS + now)
    messages = StatusMessages("1", Condition)
    messages.published(a_cursor(stamp), NOON_MS + occurred)
    assert data_of(messages)["lag_ms"] == lag


@pytest.mark.parametrize(
    ("after", "state", "stream"), [(9_000, "live", 300), (11_000, "unproven", 20)]
)
async def test_old_change_proves_nothing_and_has_no_lag(
    after: int, state: str, stream: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Lambda only arriving changes show that the stream is read."""
    condition = Condition("unproven", lag=0.02)
    messages = StatusMessages("1", lambda: condition)
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: NOON_MS + 300)
    messages.published(a_cursor(300), NOON_MS)
    monkeypatch.setattr(heartbeat, "wall_ms", lambda: NOON_MS + 300 + after)
    data = data_of(messages)
    assert (data["state"], data["lag_ms"]["stream"]) == (state, stream)


async def test_condition_is_read_once_for_all_subscribers_of_a_beat() -> None:
    reads: list[int] = []
    messages = StatusMessages("1", lambda: reads.append(1) or Condition())
    for cursor in ("a", "a", "b"):
        assert f"id: {cursor}\n".encode() in messages.heartbeat(cursor)
    assert len(reads) == 1
    messages.renew()
    messages.heartbeat("b")
    assert len(reads) == 2


def data_of(messages: StatusMessages) -> Any:
    return json.loads(messages.heartbeat("c").decode().partition("data: ")[2])
