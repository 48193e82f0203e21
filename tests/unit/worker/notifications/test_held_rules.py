"""A rule that a newer version wrote is not taken for a deleted one: what it wants waits."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.waiting import until
from tests.unit.worker.notifications.desk import Desk
from tests.unit.worker.notifications.noticing import entry
from worker.notifications.state.held_rules import HELD, HeldRules
from worker.notifications.state.waiting import Entry


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.threads.end()


def read_again(desk: Desk, *numbers: int) -> None:
    """Read what subscriptions lack, as `CatchUp` does, from a timeline of these notices."""
    group = desk.dispatch.unread()
    for one in group:
        for number in numbers:
            if one.lacks("events", entry(number).place):
                desk.dispatch.add_read(one, entry(number))
    desk.dispatch.end_reading([(one, {}) for one in group])
    desk.dispatch.begin_due()
    until(lambda: not desk.dispatch.rows())
    desk.dispatch.flush()


def test_a_rule_that_cannot_be_read_keeps_its_row_and_all_that_follows(desk: Desk) -> None:
    desk.down = True
    desk.offer(1)
    (behind,) = desk.rows.all()
    desk.down = False
    desk.read("r1")
    desk.offer(2)
    desk.offer(3)
    desk.dispatch.begin_due()
    held = desk.rows.rows[f"r1-{HELD}"]
    assert desk.rows.rows == {behind.id: behind, held.id: held}, "neither was dropped"
    assert (held.events, held.version, desk.sent) == (entry(2).place, 1, [])
    assert desk.lines == [], "nothing was given up"

    desk.now += 6
    desk.read()
    desk.dispatch.load()
    read_again(desk, 1, 2, 3)
    assert desk.sent == [["n1", "n2", "n3"]]
    desk.dispatch.flush()
    assert desk.rows.rows == {}


def test_what_waits_for_such_a_rule_survives_a_crash_before_it_is_read_again(desk: Desk) -> None:
    desk.read("r1")
    desk.offer(1)
    desk.read()
    desk.dispatch.load()
    desk.dispatch.flush()  # the recipient's row is stored; the rule's goes with the next one
    assert len(desk.rows.rows) == 2
    desk.dispatch.forget()
    desk.dispatch.load()
    desk.dispatch.flush()
    desk.dispatch.flush()
    (row,) = desk.rows.all()
    assert (row.recipient_id, row.events) == (row.id.partition("-")[2], entry(1).place)
    read_again(desk, 1)
    assert (desk.sent, desk.rows.rows) == ([["n1"]], {})


def test_such_a_rule_that_is_deleted_or_off_leaves_no_row(desk: Desk) -> None:
    desk.read("r1")
    desk.offer(1)
    desk.rules.clear()
    desk.read()
    desk.dispatch.load()
    desk.dispatch.flush()
    assert (desk.sent, desk.rows.rows) == ([], {})


def test_an_earlier_notice_of_another_log_moves_the_row_back() -> None:
    held = HeldRules()

    def offered(*entries: Entry) -> Any:
        held.offer(entries, ["r1"])
        return [(row.events, row.alerts) for row in held.unsaved]

    second, first = entry(2), entry(1)
    assert offered(second) == [(second.place, "")]
    held.saved(held.unsaved)
    assert offered(second, entry(3)) == []
    assert offered(entry(9, "alerts")) == [(second.place, entry(9).place)]
    assert offered(first) == [(first.place, entry(9).place)]
