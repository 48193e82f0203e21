"""Cursors never go backwards, and sort the same way as text."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidCursor
from app.store.feed.cursor import Cursor, CursorClock, day_of, parse_cursor

cursors = st.builds(
    Cursor,
    st.integers(0, 9_999_999_999_999),
    st.text("0123456789abcdef", min_size=8, max_size=8),
    st.integers(0, 999),
)


@given(cursors)
def test_a_cursor_can_be_parsed_from_its_text(cursor: Cursor) -> None:
    assert parse_cursor(str(cursor)) == cursor


@given(cursors, cursors)
def test_text_order_is_arrival_order(one: Cursor, other: Cursor) -> None:
    assert (str(one) < str(other)) == (one < other)


def test_the_text_of_a_cursor() -> None:
    assert str(Cursor(1_762_171_200_000, "0000abcd", 7)) == "1762171200000-0000abcd-007"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "1762171200000-0000abcd-07",
        "1762171200000-0000ABCD-007",
        "176217120000-0000abcd-007",
        "1762171200000-0000abcd-007\n",
        " 1762171200000-0000abcd-007",
        "-762171200000-0000abcd-007",
        "1762171200000-0000abcd-0070",
        "1762171200000 0000abcd 007",
        "\u0661762171200000-0000abcd-007",
    ],
)
def test_any_other_text_is_a_bad_request(text: str) -> None:
    with pytest.raises(InvalidCursor) as error:
        parse_cursor(text)
    assert error.value.status == 400


def test_events_of_a_batch_share_the_stamp() -> None:
    stamp = CursorClock(0).stamp()
    assert [stamp.at(n).n for n in range(3)] == [0, 1, 2]
    assert {(stamp.at(n).ms, stamp.at(n).writer) for n in range(3)} == {(stamp.ms, stamp.writer)}


@pytest.mark.parametrize(
    ("ms", "day"),
    [(0, "1970-01-01"), (1_762_127_999_999, "2025-11-02"), (1_762_128_000_000, "2025-11-03")],
)
def test_the_day_is_the_utc_day_of_the_stamp(ms: int, day: str) -> None:
    assert day_of(ms) == day
    assert Cursor(ms, "0000abcd", 0).day == day


@given(st.integers(0, 10**13 // 2), st.lists(st.integers(0, 10**13 // 2), max_size=20))
def test_stamps_rise_whatever_the_machine_s_clock_does(last: int, readings: list[int]) -> None:
    clock = CursorClock(last, iter(readings).__next__)
    stamps = [last, *(clock.stamp().ms for _ in readings)]
    assert all(later > sooner for sooner, later in pairwise(stamps))
    assert all(stamp >= reading for stamp, reading in zip(stamps[1:], readings, strict=True))


def test_after_a_restart_stamps_continue_after_the_newest() -> None:
    before = CursorClock(0, lambda: 5_000).stamp()
    after = CursorClock(before.ms, lambda: 1_000).stamp()
    assert after.ms == before.ms + 1


def test_every_process_has_its_own_writer_name() -> None:
    assert CursorClock(0).stamp().writer != CursorClock(0).stamp().writer


def test_threads_never_share_a_stamp() -> None:
    clock = CursorClock(0, lambda: 7)
    stamps: list[int] = []
    threads = [
        threading.Thread(target=lambda: stamps.extend(clock.stamp().ms for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stamps) == list(range(7, 807))
