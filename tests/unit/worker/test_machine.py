"""Whatever the stream, the store, the clock and the scheduler do, nothing is lost or told twice.

A Hypothesis state machine drives the real worker over fake services. What it holds against
each effect is in `machine/ledger.py`; what it does to the worker is the rules below.
"""

import os

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.worker.machine.rules import WorkerMachine

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def test_nothing_is_lost_nothing_shows_twice(quiet: None) -> None:
    bound = settings() if LONG else settings(max_examples=12)
    run_state_machine_as_test(WorkerMachine, settings=bound)
