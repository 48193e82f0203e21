"""The clock catches up after its container was frozen, and never goes back."""

import pytest

from worker.aws_lambda.freeze_safe_clock import TOLERANCE, FreezeSafeClock


class Machine:
    """Two clocks of a container."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 100.0, 1_000_000.0
        self.clock = FreezeSafeClock(lambda: self.monotonic, lambda: self.wall)

    def run(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_without_a_freeze_it_equals_the_monotonic_clock(machine: Machine) -> None:
    machine.run(5)
    assert machine.clock() == 105
    machine.run(0.001)
    assert machine.clock() == pytest.approx(105.001)


def test_a_freeze_that_stops_the_monotonic_clock_is_counted_once(machine: Machine) -> None:
    machine.run(1)
    machine.wall += 3600
    assert machine.clock() == 101 + 3600
    machine.run(1)
    assert machine.clock() == 102 + 3600


def test_a_freeze_that_both_clocks_counted_is_not_counted_twice(machine: Machine) -> None:
    machine.run(3600)
    assert machine.clock() == 3700


def test_a_wall_clock_that_steps_back_or_is_adjusted_changes_nothing(machine: Machine) -> None:
    machine.wall -= 7200
    assert machine.clock() == 100
    machine.wall += TOLERANCE / 2
    machine.run(1)
    assert machine.clock() == 101
