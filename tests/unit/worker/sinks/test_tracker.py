"""A position is durable once every sink has accepted or parked all up to it, never before."""

from hypothesis import given
from hypothesis import strategies as st

from worker.sinks.tracker import Tracker


def test_nothing_is_durable_before_anything_is() -> None:
    tracker = Tracker()
    assert tracker.durable is None
    tracker.read("5", 1)
    assert tracker.durable is None


def test_a_later_record_waits_for_an_earlier_one() -> None:
    tracker = Tracker()
    first, second = tracker.read("5", 1), tracker.read("7", 1)
    second()
    assert tracker.durable is None
    first()
    assert tracker.durable == "7"


def test_a_record_that_no_sink_is_owed_is_durable_behind_the_others() -> None:
    tracker = Tracker()
    first = tracker.read("5", 1)
    tracker.read("9", 0)
    assert tracker.durable is None
    first()
    assert (tracker.durable, tracker.waiting) == ("9", 0)


def test_what_is_read_again_does_not_take_durability_back() -> None:
    tracker = Tracker()
    tracker.read("9", 1)()
    again = tracker.read("8", 1)
    assert tracker.durable == "9"
    again()
    assert tracker.durable == "9"


def test_numbers_are_compared_as_numbers() -> None:
    tracker = Tracker()
    tracker.read("9", 1)()
    tracker.read("10", 1)()
    assert tracker.durable == "10"


def test_a_number_that_is_none_holds_nothing_up() -> None:
    tracker = Tracker()
    tracker.read("9", 0)
    tracker.read("49-b", 0)
    assert tracker.durable == "49-b"
    tracker.read("10", 0)
    assert tracker.durable == "10"


@given(sinks=st.integers(1, 3), records=st.integers(1, 8), data=st.data())
def test_durable_is_the_end_of_the_settled_beginning(
    sinks: int, records: int, data: st.DataObject
) -> None:
    tracker = Tracker()
    owed = [sinks] * records
    settles = [tracker.read(str(number + 1), sinks) for number in range(records)]
    order = data.draw(st.permutations([n for n in range(records) for _ in range(sinks)]))
    for number in order:
        settles[number]()
        owed[number] -= 1
        settled = next((n for n in range(records) if owed[n]), records)
        assert tracker.durable == (str(settled) if settled else None)
    assert tracker.waiting == 0
