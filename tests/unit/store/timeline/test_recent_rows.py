"""Nothing behind a consumer is missed, and no event is taken before its predecessor."""

from app.store.timeline.position import Position
from app.store.timeline.recent_rows import BEGINNING, HELD, RecentRows, arrivals
from tests.unit.store.timeline.building import cursor, key, row

T = 1_000_000  # ms


def taken(recent: RecentRows, position: Position) -> list[tuple[str, str]]:
    """The events that may be taken, in order."""
    candidates = recent.after(max(position.settled, recent.base))
    return [ref for _, ref, ready, _ in arrivals(candidates, position) if ready]


def at_start() -> Position:
    return Position(BEGINNING)


def test_a_row_may_be_taken_once_a_pass_that_began_after_its_sighting_has_ended() -> None:
    recent = RecentRows(None)
    recent.add_pass([row(T, ("a", 1))], 0.0, 0.1)
    assert taken(recent, at_start()) == []
    recent.add_pass([row(T, ("a", 1))], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1))]


def test_a_predecessor_that_the_first_pass_had_gone_past_comes_first() -> None:
    """Row 1 was committed behind the first pass, before row 2 was stamped."""
    first, second = row(T, ("a", 1)), row(T + 1, ("a", 2))
    recent = RecentRows(None)
    recent.add_pass([second], 0.0, 0.1)
    recent.add_pass([first, second], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1)), ("a", key(2))]


def test_of_a_row_that_only_the_last_pass_saw_nothing_else_may_be_taken() -> None:
    """The predecessor of ("b", 2) may lie behind that pass, as ("a", 1) lay behind the first."""
    late, seen = row(T, ("a", 1), ("b", 2)), row(T + 1, ("a", 2))
    recent = RecentRows(None)
    recent.add_pass([seen], 0.0, 0.1)
    recent.add_pass([late, seen], 0.1, 0.2)
    assert taken(recent, at_start()) == [("a", key(1)), ("a", key(2))]


def test_a_row_that_appears_behind_a_row_that_was_taken_is_found() -> None:
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


def test_a_place_is_settled_ten_seconds_below_the_newest_stamp_known_before_the_query() -> None:
    recent = RecentRows(cursor(T))
    assert cursor(T - 10_000, writer="ffffffff") > recent.settled
    assert cursor(T - 10_001) <= recent.settled
    recent.add_pass([row(T + 60_000, ("a", 1))], 0.0, 0.1)
    # The newest stamp of the pass itself was not known before: rows may still appear below it.
    assert recent.settled < cursor(T - 9_000)
    recent.add_pass([row(T + 60_000, ("a", 1))], 0.1, 0.2)
    assert recent.settled >= cursor(T + 49_999)


def test_a_place_two_seconds_below_a_row_that_was_seen_ten_seconds_ago_is_settled() -> None:
    """Nearer to it, writers whose clock stands still may stamp at any time."""
    only = row(T, ("a", 1))
    recent = RecentRows(None)
    recent.add_pass([only], 0.0, 0.5)
    recent.add_pass([only], 10.4, 10.6)
    assert recent.settled < cursor(T - 9_000)
    recent.add_pass([only], 10.5, 10.9)
    assert cursor(T - 2_001) <= recent.settled < cursor(T - 2_000)


def test_an_audit_entry_is_waited_for_until_ten_seconds_after_its_row_was_seen() -> None:
    recent = RecentRows(None)
    recent.add_pass([row(T, ("a", 1))], 0.0, 0.5)
    assert [one.overdue for one in recent.after(BEGINNING, 10.4)] == [False]
    assert [one.overdue for one in recent.after(BEGINNING, 10.5)] == [True]


def test_a_pass_that_was_cut_short_settles_nothing_that_it_has_not_read() -> None:
    recent = RecentRows(cursor(T))
    recent.add_pass([row(T - 9_000, ("a", 1))], 0.0, 0.1)
    recent.add_pass([row(T + 90_000, ("a", 9))], 0.1, 0.2)
    first = row(T + 10_000, ("b", 1))
    recent.add_pass([first], 0.2, 0.3, whole=False)
    assert recent.settled == first.cursor


def test_settled_rows_are_held_up_to_a_bound_for_consumers_that_are_a_little_behind() -> None:
    recent = RecentRows(None)
    rows = [row(T + n, (f"p{n}", 1)) for n in range(HELD + 10)]
    recent.add_pass(rows, 0.0, 0.1)
    assert recent.base < rows[0].cursor
    recent.add_pass([*rows, row(T + 60_000, ("last", 1))], 20.0, 20.1)
    recent.add_pass(rows, 20.1, 20.2)
    assert recent.base == rows[9].cursor
    assert len(recent.after(recent.base)) == HELD + 1
