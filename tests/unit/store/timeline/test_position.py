"""A position knows exactly which events are done, even after it was saved and restored."""

from hypothesis import given
from hypothesis import strategies as st

from app.store.feed.cursor import before
from app.store.timeline.position import REMEMBERED, Position, decoded
from tests.unit.store.timeline.building import cursor

START = cursor(1_000)


def a_position(*rows: tuple[int, int]) -> Position:
    """A position that has read rows, each with so many events."""
    position = Position(START)
    for ms, events in rows:
        position.see(cursor(ms), events)
    return position


def test_events_up_to_the_settled_cursor_are_done() -> None:
    position = Position(START)
    assert position.has(cursor(999))
    assert position.has(cursor(1_000, 5))
    assert not position.has(cursor(1_001))


def test_the_settled_cursor_stops_before_the_first_row_that_is_not_all_done() -> None:
    position = a_position((1_001, 2), (1_002, 1), (1_003, 1))
    for done in (cursor(1_001, 0), cursor(1_002)):
        position.add(done)
    position.settle(cursor(2_000))
    assert position.settled == START
    position.add(cursor(1_001, 1))
    position.settle(cursor(2_000))
    assert position.settled == cursor(1_002)


def test_the_settled_cursor_never_passes_the_edge() -> None:
    position = a_position((1_001, 1), (1_002, 1))
    position.add(cursor(1_001))
    position.add(cursor(1_002))
    position.settle(cursor(1_001))
    assert position.settled == cursor(1_001)
    assert position.has(cursor(1_002))


def test_after_a_takeover_a_row_that_was_not_read_again_holds_the_settled_cursor() -> None:
    """The row's number of events is not saved, so it may have one that is not done."""
    position = a_position((1_001, 1))
    position.add(cursor(1_001))
    taken_over = decoded(position.settled, position.encoded())
    taken_over.settle(cursor(2_000))
    assert taken_over.settled == START
    taken_over.see(cursor(1_001), 1)
    taken_over.settle(cursor(2_000))
    assert taken_over.settled == cursor(1_001)


@given(st.sets(st.tuples(st.integers(1_001, 1_060), st.integers(0, 23))))
def test_a_saved_position_can_be_restored(done: set[tuple[int, int]]) -> None:
    position = Position(START)
    for ms, n in done:
        position.add(cursor(ms, n))
    again = decoded(position.settled, position.encoded())
    assert {
        (ms, n) for ms in range(1_001, 1_061) for n in range(24) if again.has(cursor(ms, n))
    } == done


def test_a_saved_position_fits_an_item_and_drops_the_newest_rows() -> None:
    position = Position(START)
    for ms in range(1_001, 4_001):
        position.add(cursor(ms))
    saved = position.encoded()
    assert len(saved) < 20_000
    again = decoded(position.settled, saved)
    assert again.has(cursor(1_000 + REMEMBERED))
    assert not again.has(cursor(1_001 + REMEMBERED))


def test_before_precedes_every_row_of_its_millisecond() -> None:
    assert before(5_000) < cursor(5_000, writer="00000000")
    assert before(5_000) > cursor(4_999, writer="fffffffe")
