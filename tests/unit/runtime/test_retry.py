"""A call that must succeed is repeated through an outage, and given up only for a stop."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from app.core.errors import StoreRefused, StoreUnavailable
from app.runtime import retry
from app.runtime.retry import Retry, Stopped, pause


class Clock:
    """A stop event that is waited for without waiting; time passes only in its waits."""

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
    """A call that fails so often before it answers."""
    answers: Iterator[Exception | None] = iter([error or StoreUnavailable("down")] * times + [None])

    def call() -> str:
        failure = next(answers)
        if failure is not None:
            raise failure
        return "answer"

    return call


def test_an_answer_is_handed_on(clock: Clock) -> None:
    assert Retry(clock)(failing(0), "audit") == "answer"
    assert clock.pauses == []


def test_an_outage_is_waited_out(clock: Clock) -> None:
    assert Retry(clock)(failing(200), "audit") == "answer"
    assert len(clock.pauses) == 200
    assert max(clock.pauses) <= pause.longest


@pytest.mark.parametrize("error", [StoreRefused("invalid"), KeyError("bug")])
def test_what_trying_again_cannot_mend_is_raised_at_once(clock: Clock, error: Exception) -> None:
    with pytest.raises(type(error)):
        Retry(clock)(failing(1, error), "audit")
    assert clock.pauses == []


def test_a_stop_ends_the_tries() -> None:
    clock = Clock(stop_after=3)
    with pytest.raises(Stopped):
        Retry(clock)(failing(100), "audit")
    assert len(clock.pauses) == 3


def test_a_stop_that_came_before_still_lets_the_call_succeed() -> None:
    stop = threading.Event()
    stop.set()
    assert Retry(stop)(failing(0), "audit") == "answer"
    with pytest.raises(Stopped):
        Retry(stop)(failing(1), "audit")


def test_after_a_minute_each_failure_is_an_alarm(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    Retry(clock)(failing(200), "audit")
    levels = [record.levelno for record in caplog.records]
    alarms = levels.count(logging.ERROR)
    assert levels == [logging.WARNING] * (200 - alarms) + [logging.ERROR] * alarms
    assert alarms
    assert "audit" in caplog.text
