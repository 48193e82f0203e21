"""Whatever the stream, the store, the clock and the scheduler do, nothing is lost or shown twice.

A Hypothesis state machine drives the real worker over fake services. `machine/ledger.py` checks
each effect on the audit, the feed and the broker, `machine/sinks/deliveries.py` each delivery to a
sink and each saved position; the rules beside them are what happens to the worker.
"""

import os
import random

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.worker.machine.checks.tally import TALLY
from tests.unit.worker.machine.rules import WorkerMachine
from tests.unit.worker.machine.sinks.deployed import FIVE, ONE
from tests.unit.worker.machine.sinks.other_side import Answer

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

# A second of examples: enough to see that the machine runs. `make machine` looks for bugs.
SHORT = settings(max_examples=6, stateful_step_count=20)


@pytest.fixture(autouse=True)
def _same_jitter() -> None:
    random.seed(0)


def test_nothing_is_lost_nothing_shows_twice(quiet: None) -> None:
    try:
        run_state_machine_as_test(WorkerMachine, settings=settings() if LONG else SHORT)
    finally:
        print(f"\n{TALLY}")


def test_found_once_a_deletion_on_its_way_at_the_first_comparison(quiet: None) -> None:
    """Of two products older than the stream one is gone before any record of it was read."""
    machine = WorkerMachine()
    machine.begin(old=["P0", "P2"], steps=113, halves=False, two=True)
    machine.stop(then=(11, 0), who=0)
    machine.delete(product="P0", then=(30, 0))
    machine.delete(product="P2", then=(0, 0))
    machine.stop(then=(0, 0), who=0)
    machine.teardown()  # it settles, and looks at every promise


def test_found_once_a_baseline_that_was_early(quiet: None) -> None:
    """A product older than the stream is compared while the record of its change is on its way."""
    machine = WorkerMachine()
    machine.begin(old=["P2"], steps=0, halves=False, two=False)
    machine.world.hold_back()
    machine.world.write("P2")
    machine.stage.run_for(300)  # two looks, and nothing of it in the stream
    machine.world.let_go()
    machine.teardown()
    assert machine.stage.world.ledger.tally["baseline of an old product early"]


def test_found_once_a_product_that_was_written_and_had_no_beginning(quiet: None) -> None:
    """It had a record by the second look, and was reconciled on top of that."""
    machine = WorkerMachine()
    machine.begin(old=["P0", "P1"], steps=0, halves=False, two=False)
    machine.lose_broker(act=([], (0, 0)), host=0, rounds=1, who=0)
    for _ in range(2):
        machine.world.hold_back()
        machine.world.write("P0")
        machine.stage.ask()
        machine.stage.run_for(130)
        machine.world.let_go()
    machine.teardown()


def test_found_once_a_product_stamped_no_higher_by_the_next_holder_of_its_shard(
    quiet: None,
) -> None:
    """Both stamped in one millisecond, the second with a lower writer's name."""
    machine = WorkerMachine()
    machine.begin(old=["P2", "P6"], halves=True, steps=200, two=False)
    machine.throttle(act=(["P3"], (100, 1501)), call=(2, None), many=2, who=3)
    machine.work(seed=35298, steps=125)
    machine.write_poison(product="P0", then=(49, 0))
    machine.set_clock(host=0, skew=3600.0)
    machine.trim_what_was_consumed(choose=7)
    machine.join(host=0, then=(4, 51257))
    machine.work(seed=1111, steps=1)
    machine.lose_answer(act=(["P7"], (87, 24928)), call=(1, None), who=0)
    machine.expire(then=(9, 11028))
    machine.trim_what_was_consumed(choose=3)
    machine.split(choose=7, hidden=False, then=(42, 1))
    machine.delete(product="P7", then=(58, 83))
    machine.teardown()


def test_found_once_a_sink_that_no_worker_ran(quiet: None) -> None:
    """A worker woke, counted a sink that another had taken as its own, and took no other."""
    machine = WorkerMachine()
    machine.begin(two=True, sinks=True, halves=False, old=[], steps=134)
    machine.pause(seconds=40.0, then=(47, 1), who=3)
    machine.wake(then=(79, 775))
    machine.write(count=1, product="P7", then=(71, 1964))
    machine.teardown()


def test_found_once_a_sink_that_accepted_every_event_and_was_unavailable(quiet: None) -> None:
    """Nothing was left to try again, and the sink's thread died of that."""
    machine = WorkerMachine()
    machine.begin(two=False, sinks=True, halves=False, old=[], steps=134)
    machine.answer(sink=ONE, answers=[Answer("unavailable", first=1)], rest=(["P1"], (100, 0)))
    machine.answer(sink=FIVE, answers=[Answer("unavailable", first=5)], rest=(["P1"], (100, 0)))
    machine.teardown()


def test_found_once_rows_behind_the_settled_place_of_a_clock_that_stood_still(quiet: None) -> None:
    """Of two writers at a standstill one stamps 2 s below the other, minutes after it."""
    machine = WorkerMachine()
    machine.begin(halves=True, sinks=True, old=[], steps=41, two=True)
    machine.stop(then=(55, 3078), who=7)
    machine.lose_broker(act=(["P7", "P6", "P1"], (56, 10554)), host=0, rounds=2, who=6)
    machine.set_clock_of_store(skew=-3600.0)
    machine.write_and_lose(kept=0, lost=1, product="P4", then=(28, 1742))
    machine.compare()
    machine.teardown()


def test_found_once_a_pass_that_read_the_same_rows_for_ever(quiet: None) -> None:
    """There were more rows within the last seconds than it read, so no place was settled."""
    machine = WorkerMachine()
    machine.begin(halves=True, sinks=True, old=[], steps=41, two=True)
    machine.stop(then=(55, 3078), who=7)
    machine.lose_broker(act=(["P7", "P6", "P1"], (56, 10554)), host=0, rounds=2, who=6)
    machine.set_clock_of_store(skew=-3600.0)
    machine.refuse_product(
        kind="error", product="P1", rest=(["P2", "P4", "P6", "P1"], (66, 0)), sink=ONE
    )
    machine.teardown()


def test_found_once_a_sink_that_caught_up_one_page_at_each_poll(quiet: None) -> None:
    """Behind the rows that are held, it settled a page only after it had read it once more."""
    machine = WorkerMachine()
    machine.begin(halves=False, sinks=True, old=[], steps=100, two=False)
    machine.pause_sink(sink=ONE, look=True, rest=([], (50, 0)))
    for _ in range(5):
        machine.write(product="P1", count=12, then=(0, 0))
        machine.stage.run_for(20.0)
    machine.resume_sink(sink=ONE, look=True, rest=([], (0, 0)))
    machine.stage.run_for(5.0)
    assert machine.world.sinks.left() == []
    machine.teardown()
