"""A bug has a name, the state machine that finds it, and the rules that are needed for that."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from tests.unit.worker.machine.rules import WorkerMachine

Patch = pytest.MonkeyPatch
Seed = Callable[[Patch], None]


@dataclass(frozen=True)
class Bug:
    """`rules`: without all of these the state machine misses it; empty: several rules find it."""

    seed: Seed
    rules: tuple[str, ...]
    machine: type[RuleBasedStateMachine]


BUGS: dict[str, Bug] = {}


def bug(
    *rules: str, machine: type[RuleBasedStateMachine] = WorkerMachine
) -> Callable[[Seed], Seed]:
    """Register a bug under its function's name."""

    def register(seed: Seed) -> Seed:
        BUGS[seed.__name__] = Bug(seed, rules, machine)
        return seed

    return register
