"""A loop thread survives every error, waits as `turn` returns, and ends with its block."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.runtime import loop_thread
from app.runtime.backoff import Backoff, steady
from app.runtime.loop_thread import LoopThread

WITHIN = 5.0  # seconds within which expected events must happen
NOT_WITHIN = 0.1  # seconds in which a test checks that nothing happens
FOREVER = 3600.0
AT_ONCE = Backoff(0.0, 0.0)


class Turns:
    """A function that a loop repeats; each call returns or raises the next outcome."""

    def __init__(self, *outcomes: float | BaseException | None, then: float | None = None) -> None:
        self._outcomes: Iterator[float | BaseException | None] = iter(outcomes)
        self._then = then
        self._changed = threading.Condition()
        self.count = 0

    def __call__(self) -> float | None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        outcome = next(self._outcomes, self._then)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def reach(self, count: int, within: float = WITHIN) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, within)


class TestWaits:
    def test_first_turn_starts_at_once_and_the_next_after_its_wait(self) -> None:
        turns = Turns(0.0, 0.0, 0.0)
        with LoopThread("t", turns):
            assert turns.reach(4)
            assert not turns.reach(5, NOT_WITHIN)

    def test_first_turn_can_be_delayed(self) -> None:
        turns = Turns()
        with LoopThread("t", turns, first=FOREVER) as loop:
            assert not turns.reach(1, NOT_WITHIN)
            loop.wake()
            assert turns.reach(1)

    @pytest.mark.parametrize("wait", [FOREVER, None])
    def test_wake_ends_a_wait(self, wait: float | None) -> None:
        turns = Turns(then=wait)
        with LoopThread("t", turns) as loop:
            assert turns.reach(1)
            loop.wake()
            assert turns.reach(2)
            assert not turns.reach(3, NOT_WITHIN)

    def test_wake_during_a_turn_starts_another_turn(self) -> None:
        begun, going = threading.Event(), threading.Event()
        count = 0

        def turn() -> None:
            nonlocal count
            count += 1
            begun.set()
            going.wait(WITHIN)

        with LoopThread("t", turn) as loop:
            assert begun.wait(WITHIN)
            begun.clear()
            loop.wake()
            going.set()
            assert begun.wait(WITHIN)
        assert count == 2


class TestFaults:
    @pytest.mark.parametrize("error", [KeyError("bug"), SystemExit()])
    def test_error_is_logged_with_its_traceback_and_the_loop_continues(
        self, error: BaseException, caplog: pytest.LogCaptureFixture
    ) -> None:
        turns = Turns(error)
        with LoopThread("my-loop", turns, backoff=AT_ONCE) as loop:
            assert turns.reach(2)
            assert loop.is_alive()
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "my-loop" in record.getMessage()
        assert record.exc_info is not None
        assert record.exc_info[1] is error

    def test_expected_error_is_logged_in_one_line(self, caplog: pytest.LogCaptureFixture) -> None:
        turns = Turns(KeyError("away"))
        with LoopThread("my-loop", turns, expected=(KeyError,), backoff=AT_ONCE):
            assert turns.reach(2)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage() == "thread my-loop failed and will retry: 'away'"
        assert record.exc_info is None

    def test_failed_replaces_the_logging(self, caplog: pytest.LogCaptureFixture) -> None:
        first, second = KeyError("one"), KeyError("two")
        reported: list[BaseException] = []
        turns = Turns(first, second)
        with LoopThread("t", turns, failed=reported.append, backoff=AT_ONCE):
            assert turns.reach(3)
        assert reported == [first, second]
        assert caplog.records == []

    def test_backoff_counts_failures_in_a_row(self) -> None:
        counts: list[int] = []

        class Counting(Backoff):
            def __call__(self, failures: int) -> float:
                counts.append(failures)
                return 0.0

        error = KeyError()
        turns = Turns(error, error, 0.0, error)
        with LoopThread("t", turns, failed=lambda _: None, backoff=Counting(0.0, 0.0)):
            assert turns.reach(5)
        assert counts == [1, 2, 1]

    def test_wake_does_not_shorten_a_backoff(self) -> None:
        failed = threading.Event()
        turns = Turns(KeyError())
        backoff = Backoff(0.3, 0.3, steady)
        with LoopThread("t", turns, failed=lambda _: failed.set(), backoff=backoff) as loop:
            assert failed.wait(WITHIN)
            loop.wake()
            assert not turns.reach(2, NOT_WITHIN)
            assert turns.reach(2)


class TestEnd:
    def test_thread_is_alive_only_within_the_block(self) -> None:
        loop = LoopThread("t", Turns())
        assert not loop.is_alive()
        with loop:
            assert loop.is_alive()
        assert not loop.is_alive()

    @pytest.mark.parametrize(
        "ends", [lambda loop: loop.stop.set(), lambda _: None], ids=["stop is set", "block ends"]
    )
    def test_end_interrupts_a_wait(self, ends: Callable[[LoopThread], None]) -> None:
        turns = Turns(then=FOREVER)
        begun = time.monotonic()
        with LoopThread("t", turns) as loop:
            assert turns.reach(1)
            ends(loop)
        assert time.monotonic() - begun < WITHIN
        assert turns.count == 1

    def test_end_interrupts_a_backoff(self) -> None:
        turns = Turns(KeyError())
        failed = threading.Event()
        backoff = Backoff(FOREVER, FOREVER)
        begun = time.monotonic()
        with LoopThread("t", turns, failed=lambda _: failed.set(), backoff=backoff):
            assert failed.wait(WITHIN)
        assert time.monotonic() - begun < WITHIN

    def test_error_after_the_stop_is_not_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        begun = threading.Event()

        def turn() -> None:
            begun.set()
            loop.stop.wait(WITHIN)
            raise KeyError("stopped")

        loop = LoopThread("t", turn)
        with caplog.at_level(logging.INFO), loop:
            assert begun.wait(WITHIN)
        assert caplog.records == []

    def test_hanging_turn_does_not_block_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        begun, going = threading.Event(), threading.Event()

        def turn() -> None:
            begun.set()
            going.wait(WITHIN)

        monkeypatch.setattr(loop_thread, "JOIN", 0.01)
        with LoopThread("t", turn) as loop:
            assert begun.wait(WITHIN)
        assert loop.is_alive()
        going.set()

    def test_loops_that_share_a_stop_end_together(self) -> None:
        stop = threading.Event()
        one, two = Turns(then=0.001), Turns(then=0.001)
        with LoopThread("one", one, stop=stop), LoopThread("two", two, stop=stop) as second:
            assert two.reach(1)
            stop.set()
            while second.is_alive():
                time.sleep(0.001)
