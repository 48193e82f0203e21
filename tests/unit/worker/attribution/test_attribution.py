"""No change is shown under the name of somebody who did not make it, and none of ours without it.

A Hypothesis state machine writes through the real repository, lets other programs put back, copy
and change items, and decodes the stream's records. `oracle.py` knows who made each change, and
states the two exceptions.
"""

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.worker.attribution.rules import AttributionMachine
from tests.unit.worker.attribution.world import Author

SHORT_NOTE = Author("ada", "sold", None, "SO-7", None)
LONG_NOTE = Author("bob", "lost", "n" * 60, "SO-7", None)

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

# A second of examples shows that the machine runs. `make machine` searches, and proves its teeth.
SHORT = settings(max_examples=20, stateful_step_count=25)


@pytest.mark.hypothesis  # so that `make machine` runs it
def test_no_change_is_attributed_to_somebody_who_did_not_make_it() -> None:
    run_state_machine_as_test(AttributionMachine, settings=settings() if LONG else SHORT)


def test_regression_repeat_with_another_attribute() -> None:
    """Another program repeats a sale, and sets an attribute that Stockpulse never writes."""
    machine = _begun()
    _write(machine, "create")
    _write(machine, "adjust")
    machine.repeat(0, 0, "before", "after", "A", None, None)
    machine.teardown()
    assert machine.shown[-1].changed == ("Shelf", "Stock")
    assert machine.shown[-1].actor is None


def test_regression_mark_removed_from_an_item_that_changed_meanwhile() -> None:
    """The removal of our own mark was shown as a change from outside."""
    machine = _begun()
    _write(machine, "create")
    machine.delete("Products", 0, "P1", SHORT_NOTE, "none", "changed", 0)
    machine.teardown()
    assert "updated" not in [event.kind for event in machine.shown]


def test_regression_delete_without_room_for_its_mark_keeps_no_former_one() -> None:
    """The item still had the mark of a delete that crashed: its author was named for this one."""
    machine = _begun(limit=440)
    _write(machine, "create", LONG_NOTE)
    machine.delete("Products", 0, "P1", SHORT_NOTE, "none", "crash_before", 0)
    machine.delete("Products", 0, "P1", LONG_NOTE, "none", "none", 0)
    machine.teardown()
    assert (machine.shown[-1].kind, machine.shown[-1].actor) == ("deleted", None)


def test_regression_only_value_of_a_map_is_removed() -> None:
    """The map that stays behind is no change of another attribute."""
    machine = _begun(names="paths")
    _write(machine, "create")
    _write(machine, "patch", number=2)  # a price
    _write(machine, "patch", number=1)  # none
    machine.teardown()
    assert machine.shown[-1].changed == ("pricing.price",)
    assert machine.shown[-1].actor == "ada"


def _begun(*, names: str = "default", limit: int | None = None) -> AttributionMachine:
    machine = AttributionMachine()
    machine.begin("NEW_AND_OLD_IMAGES", names, minutes=False, limit=limit, skews=[0.0, 0.0])
    return machine


def _write(
    machine: AttributionMachine, kind: str, author: Author = SHORT_NOTE, number: int = 1
) -> None:
    machine.write("Products", 0, "P1", kind, number, author, "none", 0)
