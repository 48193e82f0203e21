"""No change is shown under the name of somebody who did not make it, and none of ours without it.

A Hypothesis state machine writes through the real repository, lets other programs put back, copy
and change items, and decodes the stream's records. `oracle.py` knows who made each change, and
states the two exceptions.
"""

import os

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.worker.attribution.rules import AttributionMachine

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

SHORT = settings(max_examples=25, stateful_step_count=20)


def test_no_change_is_attributed_to_somebody_who_did_not_make_it() -> None:
    run_state_machine_as_test(AttributionMachine, settings=settings() if LONG else SHORT)
