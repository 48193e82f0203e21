"""A moment is found in any history with few reads, whatever holes its sequence numbers have."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.store.audit.chain import Link, origin, record_key, successor
from app.store.audit.moment_search import first_later
from tests.support.builders import NOON

STEPS = st.tuples(
    st.integers(1, 10**30),  # to the next sequence number
    st.integers(0, 2),  # seconds to the next record
    st.booleans(),  # whether a gap follows the record
    st.integers(0, 9),  # 0: a new stream begins
)


def link(key: str, seconds: int) -> Link:
    moment = NOON + timedelta(seconds=seconds)
    return Link(key, "stock_changed", "MODIFY", "NEW_AND_OLD_IMAGES", None, None, moment)


def history(steps: Sequence[tuple[int, int, bool, int]]) -> list[Link]:
    """The chain's links, oldest first; a gap's time is later than that of the next records."""
    links, stream, number, seconds = [], 0, 10**20, 0
    for hole, wait, is_gap, fresh in steps:
        if fresh == 0:
            stream, number = stream + 1, 10**20
        number, seconds = number + hole, seconds + wait
        key = record_key(f"2026-11-{stream:02d}", number)
        links.append(link(key, seconds))
        if is_gap:
            links.append(link(successor(key, "g"), seconds + 5))
    return links


class Records:
    """Finds the records next to a key, and counts the reads."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._records = [one for one in links if "~" not in one.key]
        self.reads = 0

    def first_later(self, later: str, seconds: int) -> str:
        return first_later(self._newer, self._older, later, NOON + timedelta(seconds=seconds))

    def _newer(self, key: str) -> Link | None:
        self.reads += 1
        return next((one for one in self._records if one.key > key), None)

    def _older(self, key: str) -> Link | None:
        self.reads += 1
        return next((one for one in reversed(self._records) if one.key < key), None)


@given(st.lists(STEPS, min_size=1, max_size=30), st.integers(0, 60))
def test_the_first_record_after_a_moment_is_found(
    steps: list[tuple[int, int, bool, int]], seconds: int
) -> None:
    links = history(steps)
    moment = NOON + timedelta(seconds=seconds)
    records = [one for one in links if "~" not in one.key]
    expected = [one.key for one in records if one.occurred_at > moment]
    if links[-1].occurred_at > moment:
        found = Records(links).first_later(links[-1].key, seconds)
        assert found == (expected[0] if expected else links[-1].key)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=30))
def test_where_a_clock_went_back_a_place_that_fits_is_found(waits: list[int]) -> None:
    times = [sum(waits[:n]) for n in range(len(waits))]
    links = [link(record_key("L", 10**20 + n), time) for n, time in enumerate(times)]
    moment = NOON + timedelta(seconds=times[-1] - 1)
    later = Records(links).first_later(links[-1].key, times[-1] - 1)
    place = [one.key for one in links].index(later)
    assert links[place].occurred_at > moment
    assert place == 0 or links[place - 1].occurred_at <= moment


def test_few_reads_find_a_moment_in_a_long_history_with_holes() -> None:
    links = history([(10**15, 1, False, 1)] * 20_000)
    records = Records(links)
    records.first_later(links[-1].key, 7_000)
    assert records.reads <= 50


def test_a_stream_s_origin_sorts_before_its_records() -> None:
    assert origin("L") < record_key("L", 1) < record_key("L", 10)
