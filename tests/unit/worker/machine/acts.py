"""What all rules share: the stage of one example, and the checks at its end."""

import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.unit.worker.machine.checks.tally import TALLY
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.stage import Stage
from tests.unit.worker.machine.world import PRODUCTS_KNOWN

Then = tuple[int, int]

products = st.sampled_from(PRODUCTS_KNOWN)
choices = st.integers(0, 7)
then = st.tuples(st.integers(0, 100), st.integers(0, 2**16))  # steps, seed of their order


class WorkerMachineBase(RuleBasedStateMachine):
    """A state machine over one table and up to two workers on two hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.world = self.stage.world

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.stage.settle()
        finally:
            TALLY.add(self.world.ledger.tally)
            self.stage.close()

    def life(self, who: int) -> Life:
        """One of the running workers."""
        return self.stage.lives[who % len(self.stage.lives)]
