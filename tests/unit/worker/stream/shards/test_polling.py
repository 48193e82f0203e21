"""A reader looks again at once while there is more, soon after a hint, else at idle intervals."""

import threading
import time
from itertools import accumulate

import pytest

from app.runtime.wake import Wake
from worker.leasing.assignment import LEASE_TIME
from worker.stream.shards.polling import IDLE_AWS, IDLE_LOCAL, Idle, Polling

STEADY = Idle(1.0, 1.0)


def settled(idle: Idle) -> Polling:
    """The pace of a reader whose first looks are over."""
    pace = Polling(idle)
    for _ in range(3):
        pace.delay(found=False)
    return pace


def test_after_a_full_page_there_is_no_wait() -> None:
    assert Polling(STEADY).delay(found=True) == 0


def test_an_empty_page_is_followed_by_the_idle_wait() -> None:
    pace = settled(STEADY)
    assert [pace.delay(found=False) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_a_hint_is_answered_at_0_50_150_and_400_ms() -> None:
    pace = settled(STEADY)
    pace.hinted()
    looks = [0.0, *accumulate(pace.delay(found=False) for _ in range(3))]
    assert looks == pytest.approx([0, 0.05, 0.15, 0.4])
    assert pace.delay(found=False) == 1.0


def test_another_hint_begins_anew() -> None:
    pace = settled(STEADY)
    pace.hinted()
    pace.delay(found=False)
    pace.hinted()
    assert pace.delay(found=False) == pytest.approx(0.05)


def test_records_do_not_use_up_the_looks_after_a_hint() -> None:
    pace = settled(STEADY)
    pace.hinted()
    pace.delay(found=True)
    assert pace.delay(found=False) == pytest.approx(0.05)


def test_a_look_after_a_hint_is_never_later_than_an_idle_one() -> None:
    pace = settled(Idle(0.02, 0.02))
    pace.hinted()
    assert [pace.delay(found=False) for _ in range(4)] == [0.02] * 4


def test_a_shard_newly_taken_is_looked_at_as_after_a_hint() -> None:
    assert Polling(STEADY).delay(found=False) == pytest.approx(0.05)


def test_the_idle_wait_grows_with_the_quiet_and_is_bounded() -> None:
    pace = settled(IDLE_LOCAL)
    waits = [pace.delay(found=False) for _ in range(15)]
    assert waits[:3] == [0.25, 0.25, 0.25]
    assert waits == sorted(waits)
    assert sum(waits[: waits.index(1.0)]) < 6
    assert waits[-1] == 1.0


@pytest.mark.parametrize("found", [True, False])
def test_whatever_happens_ends_the_quiet(*, found: bool) -> None:
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
    """A page each time, three heartbeats and a look a lease time, two calls a minute."""
    pace, seconds, pages = Polling(idle), 0.0, 0
    while seconds < 600:
        seconds += pace.delay(found=False)
        pages += 1
    assert pages / seconds + 4 / LEASE_TIME + 2 / 60 < bound


class TestWake:
    def test_without_a_hint_the_time_runs_out(self) -> None:
        wake = Wake()
        assert wake.wait(wake.hints, 0) is False

    def test_a_hint_given_before_the_wait_counts(self) -> None:
        wake = Wake()
        seen = wake.hints
        wake.hint()
        assert wake.wait(seen, 60) is True

    def test_a_hint_that_was_seen_already_does_not(self) -> None:
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

    def test_closing_ends_every_wait_now_and_from_now_on(self) -> None:
        wake = Wake()
        waiting = threading.Thread(target=wake.wait, args=(0, 60))
        waiting.start()
        wake.close()
        waiting.join(5)
        assert not waiting.is_alive()
        began = time.monotonic()
        assert wake.wait(0, 60) is False
        assert time.monotonic() - began < 5
        assert wake.closed
