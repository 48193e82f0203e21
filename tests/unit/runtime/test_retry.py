"""A call that must succeed is retried during an outage, and abandoned only at a stop."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from app.core.errors import StoreRefused, StoreUnavailable
from app.runtime import retry
from app.runtime.retry import Retry, Stopped, pause


class Clock:
    """A stop event whose waits take no real time; its clock advances only in these waits."""

    def __init__(self, stop_after: int = 1_000) -> None:
        self.pauses: list[float] = []
        self._stop_after = stop_after

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) >= self._stop_after

    def monotonic(self) -> float:
        return sum(self.pauses)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retry.time, "monotonic", clock.monotonic)
    return clock


def failing(times: int, error: Exception | None = None) -> Callable[[], str]:
    """A call that fails `times` times before it succeeds."""
    answers: Iterator[Exception | None] = iter([error or StoreUnavailable("down")] * times + [None])

    def call() -> str:
        failure = next(answers)
        if failure is not None:
            raise failure
        return "answer"

    return call


def test_result_of_the_call_is_returned(clock: Clock) -> None:
    assert Retry(clock)(failing(0), "audit") == "answer"
    assert clock.pauses == []


def test_call_is_retried_during_an_outage(clock: Clock) -> None:
    assert Retry(clock)(failing(200), "audit") == "answer"
    assert len(clock.pauses) == 200
    assert max(clock.pauses) <= pause.longest


@pytest.mark.parametrize("error", [StoreRefused("invalid"), KeyError("bug")])
def test_other_errors_are_raised_at_once(clock: Clock, error: Exception) -> None:
    with pytest.raises(type(error)):
        Retry(clock)(failing(1, error), "audit")
    assert clock.pauses == []


def test_stop_ends_the_retries() -> None:
    clock = Clock(stop_after=3)
    with pytest.raises(Stopped):
        Retry(clock)(failing(100), "audit")
    assert len(clock.pauses) == 3


def test_call_can_succeed_after_a_stop() -> None:
    stop = threading.Event()
    stop.set()
    assert Retry(stop)(failing(0), "audit") == "answer"
    with pytest.raises(Stopped):
        Retry(stop)(failing(1), "audit")


def test_failures_are_logged_as_errors_after_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    Retry(clock)(failing(200), "audit")
    levels = [record.levelno for record in caplog.records]
    alarms = levels.count(logging.ERROR)
    assert levels == [logging.WARNING] * (200 - alarms) + [logging.ERROR] * alarms
    assert alarms
    assert "audit" in caplog.text
