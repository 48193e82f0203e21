"""Shards are spread evenly, and no shard moves without need."""

import string
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.store.coordination.workers import Broker, WorkerRow
from worker.leasing.assignment import first_rival, rivals, share

LEASE = 10.0


def worker(
    owner: str, counter: int = 1, broker: Broker = "redis", *, ready: bool = True
) -> WorkerRow:
    return WorkerRow(owner, counter, broker, "2026-11-03T09:00:00Z", ready=ready)


class TestRivals:
    def test_workers_with_a_shared_broker_are_no_rivals(self) -> None:
        assert rivals(worker("ada"), [worker("bob")]) == []

    def test_a_worker_with_an_in_process_broker_is_a_rival_of_all_others(self) -> None:
        alone, shared = worker("ada", broker="in-process"), worker("bob")
        assert rivals(alone, [alone, shared]) == [shared]
        assert rivals(shared, [alone, shared]) == [alone]

    def test_if_two_start_together_the_lower_name_continues(self) -> None:
        ada = worker("ada", broker="in-process", ready=False)
        bob = worker("bob", broker="in-process", ready=False)
        assert rivals(ada, [bob]) == []
        assert rivals(bob, [ada]) == [ada]

    def test_a_running_worker_is_not_stopped_by_a_starting_one(self) -> None:
        at_work = worker("bob", broker="in-process")
        assert rivals(at_work, [worker("ada", broker="in-process", ready=False)]) == []


class TestFirstRival:
    """Two workers that exclude each other are alive: one was paused while the other started."""

    def test_the_worker_that_holds_shards_continues(self) -> None:
        for me, other in (("ada", "bob"), ("bob", "ada")):
            assert first_rival(me, [worker(other)], {other}) == other
            assert first_rival(other, [worker(me)], {other}) is None

    def test_if_both_or_neither_hold_shards_the_lower_name_continues(self) -> None:
        for owners in (set[str](), {"ada", "bob"}):
            assert first_rival("bob", [worker("ada")], owners) == "ada"
            assert first_rival("ada", [worker("bob")], owners) is None

    def test_without_rivals_there_is_none(self) -> None:
        assert first_rival("ada", [], {"bob"}) is None


def test_a_worker_alone_takes_everything() -> None:
    plan = share("ada", {"s1": None, "s2": None}, {"ada"})
    assert (plan.release, set(plan.free), plan.wanted) == ((), {"s1", "s2"}, 2)


def test_a_new_worker_gets_half() -> None:
    owners = {"s1": "ada", "s2": "ada", "s3": "ada", "s4": "ada"}
    alive = {"ada", "bob"}
    assert len(share("ada", owners, alive).release) == 2
    assert share("bob", owners, alive).wanted == 2
    assert share("bob", owners, alive).free == ()


def test_a_single_shard_stays_with_its_owner() -> None:
    for holder in ("ada", "bob"):
        for me in ("ada", "bob"):
            plan = share(me, {"s1": holder}, {"ada", "bob"})
            assert (plan.release, plan.wanted) == ((), 0)


def test_a_dead_worker_s_shards_are_free() -> None:
    plan = share("bob", {"s1": "ada", "s2": "bob"}, {"bob"})
    assert (plan.free, plan.wanted) == (("s1",), 1)


NAMES = st.sampled_from(string.ascii_lowercase[:5])


@given(
    st.dictionaries(st.integers(0, 12).map(str), st.none() | NAMES),
    st.sets(NAMES, min_size=1),
)
def test_after_two_rounds_shards_are_spread_evenly_and_stay(
    owners: dict[str, str | None], alive: set[str]
) -> None:
    """For any owners and any dead workers, all acting on the same rows one after another."""
    for _ in range(2):
        for me in sorted(alive):
            owners |= dict.fromkeys(share(me, owners, alive).release)
        for me in sorted(alive):
            plan = share(me, owners, alive)
            owners |= dict.fromkeys(plan.free[: plan.wanted], me)
    held = Counter(owner for owner in owners.values() if owner is not None)
    assert set(held) <= alive
    assert held.total() == len(owners)
    counts = [held[owner] for owner in alive]
    assert max(counts) - min(counts) <= 1
    for me in alive:
        plan = share(me, owners, alive)
        assert (plan.release, plan.wanted) == ((), 0)


@given(
    st.dictionaries(st.integers(0, 12).map(str), st.none() | NAMES),
    st.sets(NAMES, min_size=1),
)
def test_wanted_shards_add_up_to_free_and_released_ones(
    owners: dict[str, str | None], alive: set[str]
) -> None:
    plans = {me: share(me, owners, alive) for me in alive}
    free = len(next(iter(plans.values())).free)
    released = sum(len(plan.release) for plan in plans.values())
    assert sum(plan.wanted for plan in plans.values()) == free + released
