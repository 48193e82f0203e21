"""No change is lost or published twice, whatever stream, store, clocks and scheduler do.

A Hypothesis state machine drives the real worker over fake services. `checks/ledger.py` checks each
write to the audit and the feed, each publication and each checkpoint; `sinks/deliveries.py` checks
each delivery to a sink and each saved position. The modules named `*rules.py` inject the events and
faults.
"""

import os
import random

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.core.errors import StoreUnavailable
from app.store.coordination.leases import Lease, Leases
from tests.unit.worker.machine.checks.tally import TALLY
from tests.unit.worker.machine.rules import WorkerMachine
from tests.unit.worker.machine.sinks.deployed import FIVE, ONE
from tests.unit.worker.machine.sinks.other_side import Answer

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

# A second of examples shows that the machine runs. `make machine` searches for bugs.
SHORT = settings(max_examples=3, stateful_step_count=20)


@pytest.fixture(autouse=True)
def _same_jitter() -> None:
    random.seed(0)


def test_no_change_is_lost_or_published_twice(quiet: None) -> None:
    try:
        run_state_machine_as_test(WorkerMachine, settings=settings() if LONG else SHORT)
    finally:
        print(f"\n{TALLY}")


def test_regression_deletion_not_yet_read_at_the_first_comparison(quiet: None) -> None:
    """A product older than the stream is deleted before any of its records is read."""
    machine = WorkerMachine()
    machine.begin(old=["P0", "P2"], steps=113, halves=False, two=True)
    machine.stop(then=(11, 0), who=0)
    machine.delete(product="P0", then=(30, 0))
    machine.delete(product="P2", then=(0, 0))
    machine.stop(then=(0, 0), who=0)
    machine.teardown()  # settles, then checks every invariant


def test_regression_baseline_written_before_a_pending_record(quiet: None) -> None:
    """A product older than the stream is compared before the record of its change is readable."""
    machine = WorkerMachine()
    machine.begin(old=["P2"], steps=0, halves=False, two=False)
    machine.world.hold_back()
    machine.world.write("P2")
    machine.stage.run_for(300)  # both reads of the comparison, with no record in the stream
    machine.world.let_held_records_show()
    machine.teardown()
    assert machine.stage.world.ledger.tally["baseline of an old product early"]


def test_regression_written_product_without_a_baseline(quiet: None) -> None:
    """The product has a record at the comparison's second read, and is reconciled after it."""
    machine = WorkerMachine()
    machine.begin(old=["P0", "P1"], steps=0, halves=False, two=False)
    machine.lose_broker(follow_up=([], (0, 0)), host=0, rounds=1, who=0)
    for _ in range(2):
        machine.world.hold_back()
        machine.world.write("P0")
        machine.stage.request_comparison()
        machine.stage.run_for(130)
        machine.world.let_held_records_show()
    machine.teardown()


def test_regression_stamp_does_not_rise_after_a_shard_changes_hands(quiet: None) -> None:
    """Both workers stamp in one millisecond, and the second one's writer id sorts lower."""
    machine = WorkerMachine()
    machine.begin(old=["P2", "P6"], halves=True, steps=200, two=False)
    machine.throttle(follow_up=(["P3"], (100, 1501)), call=(2, None), many=2, who=3)
    machine.work(seed=35298, steps=125)
    machine.write_poison(product="P0", then=(49, 0))
    machine.set_clock(host=0, skew=3600.0)
    machine.trim_read_records(choose=7)
    machine.join(host=0, then=(4, 51257))
    machine.work(seed=1111, steps=1)
    machine.lose_answer(follow_up=(["P7"], (87, 24928)), call=(1, None), who=0)
    machine.expire(then=(9, 11028))
    machine.trim_read_records(choose=3)
    machine.split(choose=7, hidden=False, then=(42, 1))
    machine.delete(product="P7", then=(58, 83))
    machine.teardown()


def test_regression_sink_without_a_worker(quiet: None) -> None:
    """A resumed worker counts a sink that another took over as its own, and takes no other."""
    machine = WorkerMachine()
    machine.begin(two=True, sinks=True, halves=False, old=[], steps=134)
    machine.pause(seconds=40.0, then=(47, 1), who=3)
    machine.wake(then=(79, 775))
    machine.write(count=1, product="P7", then=(71, 1964))
    machine.teardown()


def test_regression_sink_accepts_every_event_and_reports_unavailable(quiet: None) -> None:
    """With nothing left to retry, the sink's thread crashed."""
    machine = WorkerMachine()
    machine.begin(two=False, sinks=True, halves=False, old=[], steps=134)
    machine.answer(sink=ONE, answers=[Answer("unavailable", first=1)], follow_up=(["P1"], (100, 0)))
    machine.answer(
        sink=FIVE, answers=[Answer("unavailable", first=5)], follow_up=(["P1"], (100, 0))
    )
    machine.teardown()


def test_regression_rows_below_the_settled_place_while_the_clock_stands_still(quiet: None) -> None:
    """The writers' clock stands still, and one writer stamps 2 s below the other, minutes later."""
    machine = WorkerMachine()
    machine.begin(halves=True, sinks=True, old=[], steps=41, two=True)
    machine.stop(then=(55, 3078), who=7)
    machine.lose_broker(follow_up=(["P7", "P6", "P1"], (56, 10554)), host=0, rounds=2, who=6)
    machine.set_clock_of_store(skew=-3600.0)
    machine.write_and_lose(kept=0, lost=1, product="P4", then=(28, 1742))
    machine.compare()
    machine.teardown()


def test_regression_pass_reads_the_same_rows_forever(quiet: None) -> None:
    """The last seconds hold more rows than a pass reads, so no place is settled."""
    machine = WorkerMachine()
    machine.begin(halves=True, sinks=True, old=[], steps=41, two=True)
    machine.stop(then=(55, 3078), who=7)
    machine.lose_broker(follow_up=(["P7", "P6", "P1"], (56, 10554)), host=0, rounds=2, who=6)
    machine.set_clock_of_store(skew=-3600.0)
    machine.refuse_product(
        kind="error", product="P1", follow_up=(["P2", "P4", "P6", "P1"], (66, 0)), sink=ONE
    )
    machine.teardown()


def test_regression_lagging_sink_reads_one_page_per_poll(quiet: None) -> None:
    """A sink that lags behind the rows in memory settled a page only after a second read of it."""
    machine = WorkerMachine()
    machine.begin(halves=False, sinks=True, old=[], steps=100, two=False)
    machine.pause_sink(sink=ONE, same_process=True, follow_up=([], (50, 0)))
    for _ in range(5):
        machine.write(product="P1", count=12, then=(0, 0))
        machine.stage.run_for(20.0)
    machine.resume_sink(sink=ONE, same_process=True, follow_up=([], (0, 0)))
    machine.stage.run_for(5.0)
    assert machine.world.sinks.left() == []
    machine.teardown()


def test_regression_failed_release_of_a_lease(quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose release failed had its share, and no other took what its row still held."""
    failed = []

    def fail(_: Leases, lease: Lease) -> None:
        failed.append(lease.shard_id)
        raise StoreUnavailable("the store is away")

    machine = WorkerMachine()
    machine.begin(halves=True, sinks=True, old=[], steps=100, two=False)
    machine.stage.run_for(30.0)
    with monkeypatch.context() as patch:
        patch.setattr(Leases, "release", fail)
        machine.join(host=1, then=(0, 0))
        while len(failed) < 2:  # a shard and a sink
            machine.stage.run_for(1.0)
    machine.write(count=1, product="P0", then=(0, 0))
    machine.write(count=1, product="P7", then=(0, 0))
    machine.teardown()


def test_regression_lease_taken_because_of_an_old_observation(quiet: None) -> None:
    """A worker counts another as dead and is paused; it continues after the other has."""
    machine = WorkerMachine()
    machine.begin(old=["P0"], sinks=True, steps=138, halves=True, two=True)
    machine.write(count=5, product="P0", then=(90, 173))
    follow_up = (["P0", "P0", "P0"], (81, 1034))
    machine.pause_in_call(call=(0, None), follow_up=follow_up, host=0, seconds=11.0, who=0)
    for then in (74, 2590), (94, 346), (37, 1024):
        machine.write(count=2, product="P0", then=then)
    machine.pause_in_call(call=(0, None), follow_up=(["P0"], (0, 0)), host=0, seconds=11.0, who=0)
    for steps in 0, 51, 0, 0:
        machine.write(count=1, product="P0", then=(steps, 0))
    machine.pause_in_call(call=(0, None), follow_up=([], (0, 0)), host=0, seconds=11.0, who=0)
    machine.pause_in_call(
        call=(0, "delete_item"), follow_up=([], (90, 0)), host=0, seconds=11.0, who=1
    )
    machine.pause_in_call(call=(0, None), follow_up=(["P0"], (100, 0)), host=0, seconds=11.0, who=0)
    machine.write(count=1, product="P0", then=(0, 0))
    machine.teardown()
