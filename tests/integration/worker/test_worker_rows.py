"""The rows of workers and leases decide who may start and what may be trimmed."""

import time
from typing import Any

import pytest

from app.store.coordination.leases import Leases
from app.store.coordination.workers import OwnerRefused, WorkerRow
from app.store.deployment import CONSUMER
from app.store.location import checkpointed
from tests.support.fakes.stub_streams import StubShard
from tests.support.processes.sharing import LEASE_TIME, Shop
from tests.support.waiting import until
from worker.sharing.membership import Member, Membership


def row(owner: str, counter: int = 1, **about: Any) -> WorkerRow:
    return WorkerRow(owner, counter, **{"broker": "redis", "since": "then"} | about)


class TestWhoMayStart:
    def membership(self, store: Shop, name: str, **about: Any) -> Membership:
        member = Member(name, **about)
        return Membership(store.workers, store.checkpoints, member, lease_time=LEASE_TIME)

    def test_nobody_may_start_alongside_an_in_process_broker(self, store: Shop) -> None:
        with self.membership(store, "ada", broker="in-process", folder="f1"):
            for broker in ("in-process", "redis"):
                late = self.membership(store, "bob", broker=broker, folder="f2")
                with pytest.raises(OwnerRefused, match="STOCKPULSE_BROKER_URL"):
                    late.__enter__()
            assert set(store.rows().workers) == {"ada"}

    def test_an_in_process_broker_may_not_start_alongside_others(self, store: Shop) -> None:
        with (
            self.membership(store, "ada", broker="redis"),
            pytest.raises(OwnerRefused, match=r"worker ada .*STOCKPULSE_BROKER_URL"),
        ):
            self.membership(store, "bob", broker="in-process").__enter__()

    def test_a_dead_worker_prevents_no_start(self, store: Shop) -> None:
        store.workers.put(row("dead", broker="in-process", folder="f1"))
        started = time.monotonic()
        with self.membership(store, "bob", broker="in-process", folder="f2"):
            assert time.monotonic() - started >= LEASE_TIME
            assert set(store.rows().workers) == {"bob"}

    def test_another_kind_of_host_is_refused_until_the_kind_is_switched(self, store: Shop) -> None:
        store.workers.claim_host("lambda")
        with pytest.raises(OwnerRefused, match="stockpulse init --host worker"):
            self.membership(store, "ada").__enter__()
        store.workers.set_host("worker")
        with (
            self.membership(store, "ada"),
            pytest.raises(OwnerRefused, match="stockpulse init --host lambda"),
        ):
            store.workers.claim_host("lambda")


def test_a_server_that_was_paused_yields_to_the_one_that_took_over(store: Shop) -> None:
    store.streams.add(StubShard("s1"))
    with store.worker("ada", broker="in-process", folder="f1") as ada:
        until(lambda: store.owners() == {"s1": "ada"})
        ((shard, found),) = store.rows().checkpoints.items()
        store.workers.put(row("bob", broker="in-process", folder="f2"))
        assert store.leases.take(shard, "bob", found) is None  # ada's heartbeat is there
        store.workers.remove("ada")
        assert store.leases.take(shard, "bob", found) is not None
        until(lambda: "worker bob also reads the stream" in (ada.problem() or ""))
        until(lambda: not ada.shards())
        assert store.owners() == {"s1": "bob"}
        # bob's heartbeat never comes again
        until(lambda: store.owners() == {"s1": "ada"})
        until(lambda: ada.problem() is None)


class TestWhatMayBeTrimmed:
    def trimmable(self, store: Shop, endpoint: str) -> dict[str, int]:
        return {shard: upto for (_, shard), upto in checkpointed(endpoint, store.names).items()}

    def test_a_shard_without_a_position_keeps_all_records(self, store: Shop, endpoint: str) -> None:
        store.leases.take(("arn", "s1"), "ada", None)
        assert self.trimmable(store, endpoint) == {"s1": 0}

    def test_a_consumer_s_position_is_its_furthest_under_any_stream(
        self, store: Shop, endpoint: str
    ) -> None:
        for arn, number in (("arn/stream/1", "99"), ("arn/stream/2", "100")):
            taken = store.leases.take((arn, "s1"), "ada", None, inherited=number)
            assert taken is not None
            assert taken.sequence_number == number
        assert self.trimmable(store, endpoint) == {"s1": 100}

    def test_the_slowest_consumer_counts(self, store: Shop, endpoint: str) -> None:
        for consumer, number in ((CONSUMER, "7"), ("another", "3")):
            leases = Leases(store.clients.tables, store.names.checkpoints, consumer)
            leases.take(("arn", "s1"), "ada", None, inherited=number)
        assert self.trimmable(store, endpoint) == {"s1": 3}

    def test_worker_rows_are_not_shards(self, store: Shop, endpoint: str) -> None:
        store.workers.put(row("ada"))
        store.workers.claim_host("worker")
        assert self.trimmable(store, endpoint) == {}
