"""Whoever asks waits as long as someone is at it, and no longer."""

from collections.abc import Iterator

import pytest

from app.commands.common import CommandError
from app.commands.reconcile import TAKEN, answered
from app.store.coordination.reconcile_requests import Outcome, State


class Waiting:
    """A row that is another at each look, and a clock that moves with each wait."""

    def __init__(self, states: Iterator[State]) -> None:
        self.states = states
        self.now = 0.0

    def look(self) -> State:
        return next(self.states)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answered(self, timeout: float = 1000) -> State:
        return answered(self.look, 3, timeout, self.sleep, lambda: self.now)


def test_the_answer_is_waited_for_while_the_beat_moves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = State(requested=3, done=3, outcome=Outcome(compared=9))

    def states() -> Iterator[State]:
        for beat in range(100):
            yield State(requested=3, heartbeat=beat, busy=True, progress=f"{beat // 50} compared")
        yield done

    assert Waiting(states()).answered() is done
    assert capsys.readouterr().err == "0 compared …\n1 compared …\n"


def test_without_a_live_worker_it_says_how_to_start_one() -> None:
    waiting = Waiting(iter(lambda: State(requested=3, done=2), None))
    with pytest.raises(CommandError, match="stockpulse serve"):
        waiting.answered()
    assert waiting.now == pytest.approx(TAKEN, abs=2)


def test_it_waits_no_longer_than_it_was_told() -> None:
    beats = (State(requested=3, heartbeat=beat, busy=True) for beat in range(10_000))
    with pytest.raises(CommandError, match="not done within 100 s"):
        Waiting(beats).answered(timeout=100)
