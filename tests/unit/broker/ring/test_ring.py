"""The ring holds the newest frames within its limits, each event once, under all its cursors."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.broker.ring import Ring
from tests.support.builders import a_cursor
from tests.unit.broker.ring.rings import a_blob, a_frame


def ring_of(*numbers: int, **limits: int) -> Ring:
    ring = Ring(**limits)
    for number in numbers:
        ring.append(a_frame(number))
    return ring


def held(ring: Ring) -> list[str]:
    frames = [ring.get(position) for position in range(ring.start, ring.end)]
    return [frame.cursor for frame in frames if frame is not None]


def cursors(*numbers: int) -> list[str]:
    return [str(a_cursor(number)) for number in numbers]


def test_frames_keep_their_order_and_positions() -> None:
    ring = ring_of(1, 2, 3)
    assert held(ring) == cursors(1, 2, 3)
    assert [ring.position_of(cursor) for cursor in cursors(1, 2, 3)] == [0, 1, 2]
    assert ring.cursor_before(3) == str(a_cursor(3))


def test_empty_ring_holds_nothing() -> None:
    ring = Ring()
    assert (ring.start, ring.end) == (0, 0)
    assert ring.get(0) is None
    assert ring.cursor_before(0) is None
    assert ring.position_of(str(a_cursor(1))) is None


def test_oldest_frames_are_evicted_by_count() -> None:
    ring = ring_of(1, 2, 3, 4, 5, max_events=3)
    assert held(ring) == cursors(3, 4, 5)
    assert ring.get(1) is None
    assert ring.position_of(str(a_cursor(2))) is None
    assert ring.position_of(str(a_cursor(3))) == 2


def test_oldest_frames_are_evicted_by_bytes() -> None:
    ring = Ring(max_bytes=100)
    for number, size in enumerate((40, 40, 20, 30)):
        ring.append(a_blob(number, size))
    assert held(ring) == cursors(1, 2, 3)
    ring.append(a_blob(9, 90))
    assert held(ring) == cursors(9)


def test_newest_frame_is_held_whatever_its_size() -> None:
    ring = Ring(max_bytes=10)
    ring.append(a_blob(1, 1_000))
    assert held(ring) == cursors(1)
    ring.append(a_blob(2, 5))
    assert held(ring) == cursors(2)


def test_event_is_in_the_ring_once_and_its_second_cursor_is_an_alias() -> None:
    ring = ring_of(1, 2)
    assert ring.append(a_frame(1, cursor=str(a_cursor(7)))) is False
    assert held(ring) == cursors(1, 2)
    assert ring.position_of(str(a_cursor(7))) == 0
    assert ring.position_of(str(a_cursor(1))) == 0


def test_aliases_are_evicted_with_their_event() -> None:
    ring = ring_of(1, 2, max_events=2)
    ring.append(a_frame(1, cursor=str(a_cursor(7))))
    ring.append(a_frame(3))
    assert ring.position_of(str(a_cursor(7))) is None


def test_evicted_event_can_be_added_again() -> None:
    ring = ring_of(1, 2, max_events=1)
    assert ring.append(a_frame(1, cursor=str(a_cursor(7)))) is True
    assert held(ring) == cursors(7)


def test_appending_the_same_frame_again_changes_nothing() -> None:
    ring = ring_of(1, 2, max_events=2)
    for _ in range(5):
        assert ring.append(a_frame(1)) is False
    ring.append(a_frame(3))
    assert held(ring) == cursors(2, 3)


@dataclass
class Model:
    """The ring as a plain list of (position, event, size, cursors)."""

    max_events: int
    max_bytes: int
    end: int = 0

    def __post_init__(self) -> None:
        self.rows: list[tuple[int, int, int, list[str]]] = []

    def append(self, event: int, size: int, cursor: str) -> bool:
        for _, known, _, names in self.rows:
            if known == event:
                names.append(cursor)
                return False
        self.rows.append((self.end, event, size, [cursor]))
        self.end += 1
        while len(self.rows) > self.max_events or (
            len(self.rows) > 1 and sum(row[2] for row in self.rows) > self.max_bytes
        ):
            self.rows.pop(0)
        return True


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(2, 60)), max_size=40),
    st.integers(1, 6),
    st.integers(1, 200),
)
def test_ring_equals_its_model_after_every_append(
    arrivals: list[tuple[int, int]], max_events: int, max_bytes: int
) -> None:
    ring, model = Ring(max_events, max_bytes), Model(max_events, max_bytes)
    for number, (event, size) in enumerate(arrivals):
        cursor = str(a_cursor(1_000 + number))
        assert ring.append(a_blob(event, size, cursor)) == model.append(event, size, cursor)
        assert ring.end == model.end
        assert [ring.position_of(str(a_cursor(1_000 + n))) for n in range(number + 1)] == [
            next((row[0] for row in model.rows if str(a_cursor(1_000 + n)) in row[3]), None)
            for n in range(number + 1)
        ]
        for position in range(model.end + 1):
            row = next((row for row in model.rows if row[0] == position), None)
            frame = ring.get(position)
            assert (frame and len(frame.data)) == (row and row[2])
            assert ring.cursor_before(position + 1) == (row and row[3][0])
        assert ring.start == (model.rows[0][0] if model.rows else 0)
