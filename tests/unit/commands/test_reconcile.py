"""`stockpulse reconcile` waits as long as a worker shows progress, up to the timeout."""

from collections.abc import Iterator

import pytest

from app.commands.common import CommandError
from app.commands.reconcile import TAKEN, wait_until_done
from app.store.coordination.reconcile_requests import Outcome, State


class Waiting:
    """A row that changes at each read, and a clock that advances with each wait."""

    def __init__(self, states: Iterator[State]) -> None:
        self.states = states
        self.now = 0.0

    def read_state(self) -> State:
        return next(self.states)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def until_done(self, timeout: float = 1000) -> State:
        return wait_until_done(self.read_state, 3, timeout, self.sleep, lambda: self.now)


def test_waits_while_the_worker_shows_progress(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = State(requested=3, done=3, outcome=Outcome(compared=9))

    def states() -> Iterator[State]:
        for beat in range(100):
            yield State(requested=3, heartbeat=beat, busy=True, progress=f"{beat // 50} compared")
        yield done

    assert Waiting(states()).until_done() is done
    assert capsys.readouterr().err == "0 compared …\n1 compared …\n"


def test_error_without_a_running_worker_says_how_to_start_one() -> None:
    waiting = Waiting(iter(lambda: State(requested=3, done=2), None))
    with pytest.raises(CommandError, match="stockpulse serve"):
        waiting.until_done()
    assert waiting.now == pytest.approx(TAKEN, abs=2)


def test_stops_waiting_at_the_timeout() -> None:
    beats = (State(requested=3, heartbeat=beat, busy=True) for beat in range(10_000))
    with pytest.raises(CommandError, match="not finished within 100 s"):
        Waiting(beats).until_done(timeout=100)
