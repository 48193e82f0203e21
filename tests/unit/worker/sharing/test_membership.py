"""A worker knows by its own clock when others may count it as dead, and when others are dead."""

from dataclasses import replace

import pytest

from app.core.errors import StoreUnavailable
from app.store.coordination.checkpoints import Rows
from app.store.coordination.workers import Broker, HostKind, OwnerRefused, WorkerRow
from worker.sharing.membership import Member, Membership, new_owner

LEASE = 9.0  # seconds, by the test's clock


class Table:
    """The workers' rows, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rows_: dict[str, WorkerRow] = {}
        self.down = False

    def put(self, worker: WorkerRow) -> None:
        if self.down:
            raise StoreUnavailable("down")
        self.rows_[worker.owner] = worker

    def remove(self, owner: str) -> None:
        self.rows_.pop(owner, None)

    def delete_dead(self, worker: WorkerRow) -> None:
        if self.rows_.get(worker.owner) == worker:
            del self.rows_[worker.owner]

    def claim_host(self, kind: HostKind) -> None:
        """Accept the claim."""

    def rows(self) -> Rows:
        return Rows({}, dict(self.rows_))

    def member(self, owner: str, broker: Broker = "redis", folder: str | None = None) -> Membership:
        return Membership(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            Member(owner, broker, folder),
            lease_time=LEASE,
            monotonic=lambda: self.now,
        )


@pytest.fixture
def table() -> Table:
    return Table()


def beat(member: Membership) -> None:
    member._beat()  # noqa: SLF001 - as its own thread does, without waiting


class TestTerms:
    def test_a_worker_with_timely_heartbeats_stays_in_its_term(self, table: Table) -> None:
        member = table.member("ada")
        beat(member)
        first = member.term()
        for _ in range(20):
            table.now += LEASE / 3
            assert member.term() == first
            beat(member)
        assert first is not None

    def test_a_worker_whose_heartbeats_fail_has_no_term(self, table: Table) -> None:
        member = table.member("ada")
        beat(member)
        table.down = True
        table.now += LEASE * 2 / 3
        with pytest.raises(StoreUnavailable):
            beat(member)
        assert member.term() is None

    def test_a_worker_that_resumes_after_a_pause_has_a_new_term(self, table: Table) -> None:
        member = table.member("ada")
        beat(member)
        before = member.term()
        table.now += 60
        assert member.term() is None
        beat(member)
        assert member.term() not in {None, before}


class TestObserving:
    def test_a_lone_worker_reads_seldom_and_others_often(self, table: Table) -> None:
        member = table.member("ada")
        beat(member)
        member.observe(table.rows_)
        assert member.until_next_read() == LEASE
        table.put(WorkerRow("bob", 1, "redis", "then"))
        member.observe(table.rows_)
        assert member.until_next_read() == LEASE / 3

    def test_rows_are_read_in_time_for_a_death_and_the_dead_row_is_removed(
        self, table: Table
    ) -> None:
        member = table.member("ada")
        beat(member)
        table.put(WorkerRow("bob", 1, "redis", "then"))
        reads = []
        while "bob" in member.observe(dict(table.rows_)):
            reads.append(table.now)
            table.now += member.until_next_read()
        assert table.now - reads[0] == LEASE
        assert set(table.rows_) == {"ada"}

    def test_another_owner_of_the_same_folder_is_dead_at_once(self, table: Table) -> None:
        member = table.member("ada", folder="f1")
        beat(member)
        table.put(WorkerRow("killed", 1, "redis", "then", folder="f1"))
        table.put(WorkerRow("copy", 1, "redis", "then", folder="f2"))
        assert member.observe(dict(table.rows_)) == {"ada", "copy"}
        assert set(table.rows_) == {"ada", "copy"}

    def test_a_row_that_changed_in_time_is_not_removed(self, table: Table) -> None:
        member = table.member("ada", folder="f1")
        seen = WorkerRow("slow", 1, "redis", "then", folder="f1")
        table.put(replace(seen, counter=2))
        member.observe({"slow": seen})
        assert set(table.rows_) == {"slow"}


def test_a_refused_worker_leaves_no_row(table: Table) -> None:
    table.put(WorkerRow("ada", 1, "in-process", "then"))

    member, rows = table.member("bob"), table.rows

    def rows_of_live_worker() -> Rows:
        table.rows_["ada"] = replace(table.rows_["ada"], counter=table.rows_["ada"].counter + 1)
        return rows()

    table.rows = rows_of_live_worker  # type: ignore[method-assign]
    with pytest.raises(OwnerRefused, match="STOCKPULSE_BROKER_URL"):
        member.__enter__()
    assert set(table.rows_) == {"ada"}


def test_each_process_gets_a_new_name() -> None:
    names = {new_owner() for _ in range(50)}
    assert len(names) == 50
    assert not any(" " in name for name in names)
