"""A consumer misses no late row, and gets no event before its predecessor."""

from app.store.timeline.position import Position
from app.store.timeline.recent_rows import BEGINNING, HELD, RecentRows, arrivals
from tests.unit.store.timeline.building import cursor, key, row

T = 1_000_000  # ms


def taken(recent: RecentRows, position: Position) -> list[tuple[str, str]]:
    """The events that are ready, in order."""
    candidates = recent.after(max(position.settled, recent.base), 0.0)
    return [ref for _, ref, ready, _ in arrivals(candidates, position) if ready]


def at_start() -> Position:
    return Position(BEGINNING)


def test_a_row_is_ready_after_a_second_pass_has_read_it() -> None:
    recent = RecentRows(None)
    recent.add_pass([row(T, ("a", 1))], 0.0, 0.1)
    assert taken(recent, at_start()) == []
    recent.add_pass([row(T, ("a", 1))], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1))]


def test_a_predecessor_that_the_first_pass_missed_comes_first() -> None:
    """Row 1 was committed after the first pass had read past it, and before row 2 was stamped."""
    first, second = row(T, ("a", 1)), row(T + 1, ("a", 2))
    recent = RecentRows(None)
    recent.add_pass([second], 0.0, 0.1)
    recent.add_pass([first, second], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1)), ("a", key(2))]


def test_other_products_in_a_row_that_only_the_last_pass_saw_are_not_ready() -> None:
    """That pass may have missed the predecessor of ("b", 2), as the first one missed ("a", 1)."""
    late, seen = row(T, ("a", 1), ("b", 2)), row(T + 1, ("a", 2))
    recent = RecentRows(None)
    recent.add_pass([seen], 0.0, 0.1)
    recent.add_pass([late, seen], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1)), ("a", key(2))]


def test_a_row_that_appears_before_a_delivered_row_is_found() -> None:
    recent, position = RecentRows(None), at_start()
    newer = row(T + 50, ("a", 1))
    recent.add_pass([newer], 0.0, 0.1)
    recent.add_pass([newer], 0.1, 0.2)
    assert taken(recent, position) == [("a", key(1))]
    position.add(newer.cursor)
    older = row(T, ("b", 1))
    recent.add_pass([older, newer], 5.0, 5.1)
    recent.add_pass([older, newer], 5.1, 5.2)
    assert taken(recent, position) == [("b", key(1))]


def test_cursors_ten_seconds_below_the_newest_known_stamp_are_settled() -> None:
    recent = RecentRows(cursor(T))
    assert cursor(T - 10_000, writer="ffffffff") > recent.settled
    assert cursor(T - 10_001) <= recent.settled
    recent.add_pass([row(T + 60_000, ("a", 1))], 0.0, 0.1)
    # The pass's own newest stamp was not known before it, so rows may still appear below it.
    assert recent.settled < cursor(T - 9_000)
    recent.add_pass([row(T + 60_000, ("a", 1))], 0.1, 0.2)
    assert recent.settled >= cursor(T + 49_999)


def test_cursors_two_seconds_below_a_row_seen_ten_seconds_ago_are_settled() -> None:
    """Closer to it, writers may still stamp while the shared clock stands still."""
    only = row(T, ("a", 1))
    recent = RecentRows(None)
    recent.add_pass([only], 0.0, 0.5)
    recent.add_pass([only], 10.4, 10.6)
    assert recent.settled < cursor(T - 9_000)
    recent.add_pass([only], 10.5, 10.9)
    assert cursor(T - 2_001) <= recent.settled < cursor(T - 2_000)


def test_a_missing_audit_entry_is_overdue_ten_seconds_after_its_row_was_seen() -> None:
    recent = RecentRows(None)
    recent.add_pass([row(T, ("a", 1))], 0.0, 0.5)
    assert [one.overdue for one in recent.after(BEGINNING, 10.4)] == [False]
    assert [one.overdue for one in recent.after(BEGINNING, 10.5)] == [True]


def test_an_incomplete_pass_settles_only_what_it_has_read() -> None:
    recent = RecentRows(cursor(T))
    recent.add_pass([row(T - 9_000, ("a", 1))], 0.0, 0.1)
    recent.add_pass([row(T + 90_000, ("a", 9))], 0.1, 0.2)
    first = row(T + 10_000, ("b", 1))
    recent.add_pass([first], 0.2, 0.3, whole=False)
    assert recent.settled == first.cursor


def test_a_limited_number_of_settled_rows_is_kept() -> None:
    recent = RecentRows(None)
    rows = [row(T + n, (f"p{n}", 1)) for n in range(HELD + 10)]
    recent.add_pass(rows, 0.0, 0.1)
    assert recent.base < rows[0].cursor
    recent.add_pass([*rows, row(T + 60_000, ("last", 1))], 20.0, 20.1)
    recent.add_pass(rows, 20.1, 20.2)
    assert recent.base == rows[9].cursor
    assert len(recent.rows_after(recent.base)) == HELD + 1
