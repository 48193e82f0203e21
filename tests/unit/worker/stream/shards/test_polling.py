"""A reader polls at once while there are records, soon after a hint, else at idle intervals."""

import threading
import time
from itertools import accumulate

import pytest

from app.runtime.wake import Wake
from worker.leasing.assignment import LEASE_TIME
from worker.stream.shards.polling import IDLE_AWS, IDLE_LOCAL, Idle, Polling

STEADY = Idle(1.0, 1.0)


def settled(idle: Idle) -> Polling:
    """The polling of a reader whose first polls are over."""
    pace = Polling(idle)
    for _ in range(3):
        pace.delay(found=False)
    return pace


def test_after_a_page_with_records_there_is_no_wait() -> None:
    assert Polling(STEADY).delay(found=True) == 0


def test_an_empty_page_is_followed_by_the_idle_wait() -> None:
    pace = settled(STEADY)
    assert [pace.delay(found=False) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_a_hint_is_answered_at_0_50_150_and_400_ms() -> None:
    pace = settled(STEADY)
    pace.hinted()
    polls = [0.0, *accumulate(pace.delay(found=False) for _ in range(3))]
    assert polls == pytest.approx([0, 0.05, 0.15, 0.4])
    assert pace.delay(found=False) == 1.0


def test_another_hint_restarts_the_polls() -> None:
    pace = settled(STEADY)
    pace.hinted()
    pace.delay(found=False)
    pace.hinted()
    assert pace.delay(found=False) == pytest.approx(0.05)


def test_records_do_not_use_up_the_polls_after_a_hint() -> None:
    pace = settled(STEADY)
    pace.hinted()
    pace.delay(found=True)
    assert pace.delay(found=False) == pytest.approx(0.05)


def test_a_poll_after_a_hint_is_never_later_than_an_idle_one() -> None:
    pace = settled(Idle(0.02, 0.02))
    pace.hinted()
    assert [pace.delay(found=False) for _ in range(4)] == [0.02] * 4


def test_a_newly_taken_shard_is_polled_as_after_a_hint() -> None:
    assert Polling(STEADY).delay(found=False) == pytest.approx(0.05)


def test_the_idle_wait_grows_up_to_a_limit() -> None:
    pace = settled(IDLE_LOCAL)
    waits = [pace.delay(found=False) for _ in range(15)]
    assert waits[:3] == [0.25, 0.25, 0.25]
    assert waits == sorted(waits)
    assert sum(waits[: waits.index(1.0)]) < 6
    assert waits[-1] == 1.0


@pytest.mark.parametrize("found", [True, False])
def test_records_and_hints_reset_the_idle_wait(*, found: bool) -> None:
    pace = settled(IDLE_LOCAL)
    for _ in range(20):
        pace.delay(found=False)
    if found:
        pace.delay(found=True)
    else:
        pace.hinted()
        for _ in range(3):
            pace.delay(found=False)
    assert pace.delay(found=False) == 0.25


@pytest.mark.parametrize(("idle", "bound"), [(IDLE_LOCAL, 2.0), (IDLE_AWS, 1.0)])
def test_an_idle_worker_makes_few_calls(idle: Idle, bound: float) -> None:
    """One page per poll, four calls per lease time (heartbeats and rows), two listings a minute."""
    pace, seconds, pages = Polling(idle), 0.0, 0
    while seconds < 600:
        seconds += pace.delay(found=False)
        pages += 1
    assert pages / seconds + 4 / LEASE_TIME + 2 / 60 < bound


class TestWake:
    def test_without_a_hint_the_wait_times_out(self) -> None:
        wake = Wake()
        assert wake.wait(wake.hints, 0) is False

    def test_a_hint_given_before_the_wait_counts(self) -> None:
        wake = Wake()
        seen = wake.hints
        wake.hint()
        assert wake.wait(seen, 60) is True

    def test_a_hint_that_was_already_seen_does_not_count(self) -> None:
        wake = Wake()
        wake.hint()
        assert wake.wait(wake.hints, 0) is False

    def test_a_hint_from_another_thread_ends_the_wait_of_every_reader(self) -> None:
        wake = Wake()
        woken: list[bool] = []
        readers = [
            threading.Thread(target=lambda: woken.append(wake.wait(0, 60))) for _ in range(3)
        ]
        for reader in readers:
            reader.start()
        wake.hint()
        for reader in readers:
            reader.join(5)
        assert woken == [True] * 3

    def test_closing_ends_all_present_and_future_waits(self) -> None:
        wake = Wake()
        waiting = threading.Thread(target=wake.wait, args=(0, 60))
        waiting.start()
        wake.close()
        waiting.join(5)
        assert not waiting.is_alive()
        started = time.monotonic()
        assert wake.wait(0, 60) is False
        assert time.monotonic() - started < 5
        assert wake.closed
