"""A consumer far behind reads each settled row of the feed once."""

from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import FeedRow
from app.store.timeline.far_rows import PAGE, FarRows
from tests.support.builders import a_cursor

ROWS = [FeedRow(a_cursor(number), (("P1", str(number)),)) for number in range(1, 2_001)]
START, END = before(a_cursor(1).ms), a_cursor(5_000)


class Feed:
    """Rows, and how many of them were read."""

    def __init__(self) -> None:
        self.read = 0

    def after(self, cursor: Cursor, limit: int) -> list[FeedRow]:
        found = [row for row in ROWS if row.cursor > cursor][:limit]
        self.read += len(found)
        return found


def test_position_that_moves_on_in_small_steps_reads_each_row_once() -> None:
    feed, far, place, taken = Feed(), FarRows(), START, 0
    while True:
        rows, more = far.after(place, place, END, feed.after)
        assert rows == ROWS[taken : taken + len(rows)]
        if not rows and not more:
            break
        taken += len(rows[:100])
        place = rows[:100][-1].cursor
    assert (taken, feed.read) == (len(ROWS), len(ROWS))


def test_rows_that_are_not_settled_are_read_again() -> None:
    feed, far, settled = Feed(), FarRows(), ROWS[99].cursor
    for _ in range(2):
        rows, more = far.after(START, START, settled, feed.after)
        assert (rows[:100], more) == (ROWS[:100], True)
    assert feed.read == 2 * PAGE


def test_rows_behind_a_stuck_event_follow_each_other_without_a_hole() -> None:
    feed, far, place, found = Feed(), FarRows(), START, []
    for _ in range(3):
        rows, _ = far.after(place, START, END, feed.after)
        found += rows
        place = rows[-1].cursor
    assert found == ROWS[: len(found)]
    again, _ = far.after(START, START, END, feed.after)
    assert again == ROWS[: len(again)]


def test_position_that_goes_back_starts_again() -> None:
    feed, far = Feed(), FarRows()
    far.after(ROWS[500].cursor, ROWS[500].cursor, END, feed.after)
    rows, _ = far.after(START, START, END, feed.after)
    assert rows == ROWS[:PAGE]


def test_rows_that_were_read_are_known_while_they_are_enough() -> None:
    far = FarRows()
    assert far.known(START) == []
    far.after(START, START, END, Feed().after)
    assert far.known(ROWS[9].cursor) == ROWS[10:PAGE]
    assert far.known(ROWS[PAGE - 10].cursor) == []
