"""A view returns what its filter admits, in order, and never skips a frame silently."""

import asyncio

import pytest

from app.broker.filters import EVERYTHING
from app.broker.ring import Ring
from app.broker.views import CHUNK_BYTES, FrameEvicted, View
from tests.unit.broker.ring.rings import (
    TOYS,
    CountingFilter,
    a_blob,
    add,
    asked,
    numbers,
    ring_with,
)


def test_chunk_has_admitted_frames_in_order_and_the_next_position() -> None:
    ring = ring_with("Toys", "Kitchen", "Toys", "Kitchen")
    view = View(ring, TOYS, 0)
    view.advance()
    data, following = view.chunk(0)
    assert (numbers(data), following) == ([0, 2], 4)
    assert view.chunk(4) == (b"", 4)


def test_frames_not_yet_evaluated_are_not_in_a_chunk() -> None:
    ring = ring_with("Toys")
    view = View(ring, TOYS, 0)
    assert view.chunk(0) == (b"", 0)


def test_advance_returns_whether_a_new_frame_is_admitted() -> None:
    ring = ring_with()
    view = View(ring, TOYS, 0)
    add(ring, "Kitchen")
    assert view.advance() is False
    add(ring, "Kitchen", "Toys")
    assert view.advance() is True
    assert view.advance() is False


def test_each_event_is_evaluated_once_per_view() -> None:
    asked.clear()
    ring = ring_with("Toys", "Kitchen")
    view = View(ring, CountingFilter(category="Toys"), 0)
    for _ in range(3):
        view.advance()
        view.chunk(0)
        view.reach_back(0)
    add(ring, "Toys")
    view.advance()
    assert len(asked) == 3


def test_subscribers_at_one_position_get_the_same_bytes_object() -> None:
    ring = ring_with("Toys", "Toys")
    view = View(ring, EVERYTHING, 0)
    view.advance()
    assert view.chunk(0)[0] is view.chunk(0)[0]


def test_chunk_is_at_most_64_kb() -> None:
    ring = Ring()
    sizes = [30_000, 30_000, 10_000, 60_000, 5_000, 600]
    for number, size in enumerate(sizes):
        ring.append(a_blob(number, size))
    view = View(ring, EVERYTHING, 0)
    view.advance()
    position, chunks = 0, []
    while position < ring.end:
        data, position = view.chunk(position)
        chunks.append(data)
    assert [numbers(data) for data in chunks] == [[0, 1], [2], [3, 4], [5]]
    assert max(map(len, chunks)) <= CHUNK_BYTES


def test_frame_larger_than_64_kb_is_a_chunk_of_its_own() -> None:
    ring = Ring()
    for number, size in enumerate([10, CHUNK_BYTES + 1, 10]):
        ring.append(a_blob(number, size))
    view = View(ring, EVERYTHING, 0)
    view.advance()
    assert [numbers(view.chunk(position)[0]) for position in (0, 1, 2)] == [[0], [1], [2]]


def test_reach_back_covers_frames_older_than_the_view() -> None:
    ring = ring_with("Toys", "Kitchen", "Toys", "Toys")
    view = View(ring, TOYS, 4)
    view.reach_back(1)
    assert numbers(view.chunk(1)[0]) == [2, 3]
    view.reach_back(0)
    assert numbers(view.chunk(0)[0]) == [0, 2, 3]


def test_reach_back_past_the_ring_s_start_is_a_loss() -> None:
    ring = ring_with("Toys", "Toys", "Toys", "Toys", max_events=2)
    view = View(ring, EVERYTHING, 4)
    view.reach_back(0)
    view.advance()
    assert view.lost(0)


def test_reach_back_too_far_does_not_affect_idle_subscribers() -> None:
    ring = ring_with(max_events=2)
    view = View(ring, TOYS, 0)
    for _ in range(5):
        add(ring, "Kitchen")
        view.advance()
    view.reach_back(1)
    assert not view.lost(0)


def test_eviction_of_frames_that_are_not_admitted_is_no_loss() -> None:
    ring = ring_with(max_events=3)
    view = View(ring, TOYS, 0)
    for _ in range(20):
        add(ring, "Kitchen")
        view.advance()
    assert not view.lost(0)
    add(ring, "Toys")
    view.advance()
    assert not view.lost(0)
    assert numbers(view.chunk(0)[0]) == [20]


def test_evicted_frame_is_lost_only_to_subscribers_before_it() -> None:
    ring = ring_with("Toys", "Kitchen", max_events=3)
    view = View(ring, TOYS, 0)
    view.advance()
    add(ring, "Kitchen", "Kitchen")
    view.advance()
    assert view.lost(0)
    assert not view.lost(1)
    with pytest.raises(FrameEvicted):
        view.chunk(0)
    assert numbers(view.chunk(1)[0]) == []


def test_more_frames_at_once_than_the_ring_holds_count_as_a_loss() -> None:
    ring = ring_with(max_events=3)
    view = View(ring, TOYS, 0)
    add(ring, *["Kitchen"] * 4)
    view.advance()
    assert view.lost(0)
    assert not view.lost(1)


@pytest.mark.anyio
async def test_wait_returns_at_once_if_new_frames_were_evaluated() -> None:
    ring = ring_with()
    view = View(ring, EVERYTHING, 0)
    add(ring, "Toys")
    view.advance()
    await asyncio.wait_for(view.wait(0), 5)


@pytest.mark.anyio
async def test_one_wake_up_wakes_all_waiting_subscribers() -> None:
    view = View(Ring(), EVERYTHING, 0)
    waiting = [asyncio.create_task(view.wait(0)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    view.wake()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
