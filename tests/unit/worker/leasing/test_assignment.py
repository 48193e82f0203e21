"""Shards lie evenly, and nothing moves without gain."""

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
    def test_workers_on_a_shared_broker_are_none(self) -> None:
        assert rivals(worker("ada"), [worker("bob")]) == []

    def test_an_in_process_broker_s_worker_reads_alone(self) -> None:
        alone, shared = worker("ada", broker="in-process"), worker("bob")
        assert rivals(alone, [alone, shared]) == [shared]
        assert rivals(shared, [alone, shared]) == [alone]

    def test_of_two_that_start_together_one_goes_on(self) -> None:
        ada = worker("ada", broker="in-process", ready=False)
        bob = worker("bob", broker="in-process", ready=False)
        assert rivals(ada, [bob]) == []
        assert rivals(bob, [ada]) == [ada]

    def test_one_that_is_at_work_is_not_kept_from_it_by_one_that_starts(self) -> None:
        at_work = worker("bob", broker="in-process")
        assert rivals(at_work, [worker("ada", broker="in-process", ready=False)]) == []


class TestGivingWay:
    """Two that must not read beside one another both live: one slept while the other began."""

    def test_to_one_that_holds_shards(self) -> None:
        for me, other in (("ada", "bob"), ("bob", "ada")):
            assert first_rival(me, [worker(other)], {other}) == other
            assert first_rival(other, [worker(me)], {other}) is None

    def test_of_two_alike_the_lower_name_goes_on(self) -> None:
        for owners in (set[str](), {"ada", "bob"}):
            assert first_rival("bob", [worker("ada")], owners) == "ada"
            assert first_rival("ada", [worker("bob")], owners) is None

    def test_to_nobody_where_there_is_none(self) -> None:
        assert first_rival("ada", [], {"bob"}) is None


def test_a_worker_alone_takes_everything() -> None:
    plan = share("ada", {"s1": None, "s2": None}, {"ada"})
    assert (plan.release, set(plan.free), plan.wanted) == ((), {"s1", "s2"}, 2)


def test_a_newcomer_is_given_half() -> None:
    owners = {"s1": "ada", "s2": "ada", "s3": "ada", "s4": "ada"}
    alive = {"ada", "bob"}
    assert len(share("ada", owners, alive).release) == 2
    assert share("bob", owners, alive).wanted == 2
    assert share("bob", owners, alive).free == ()


def test_one_shard_is_not_handed_to_and_fro() -> None:
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
def test_within_two_looks_all_lies_evenly_and_then_still(
    owners: dict[str, str | None], alive: set[str]
) -> None:
    """Whoever held what, and whoever died: each acts on the same rows, one after another."""
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
def test_what_each_wants_adds_up_to_what_is_there(
    owners: dict[str, str | None], alive: set[str]
) -> None:
    plans = {me: share(me, owners, alive) for me in alive}
    free = len(next(iter(plans.values())).free)
    released = sum(len(plan.release) for plan in plans.values())
    assert sum(plan.wanted for plan in plans.values()) == free + released
