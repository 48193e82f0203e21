"""Workers share the shards of a stream: each record has one reader as workers come and go."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.coordination.leases import Lease, LeaseLost, Leases
from app.store.coordination.workers import WorkerRow
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect, translated
from tests.support.fakes.stub_streams import StubShard
from tests.support.http.lossy import lossy
from tests.support.processes.sharing import LEASE_TIME, Shop
from tests.support.waiting import until


def row(owner: str, counter: int = 1, **about: Any) -> WorkerRow:
    return WorkerRow(owner, counter, **{"broker": "redis", "since": "then"} | about)


class TestSharing:
    def test_two_workers_have_half_of_the_shards_each(self, store: Shop) -> None:
        shards = [f"s{number}" for number in range(4)]
        store.streams.add(*(StubShard(shard) for shard in shards))
        with store.worker("ada") as ada:
            until(lambda: Counter(store.owners().values()) == {"ada": 4})
            with store.worker("bob") as bob:
                until(lambda: Counter(store.owners().values()) == {"ada": 2, "bob": 2})
                for shard in shards:
                    store.streams.put(shard, f"of {shard}")
                until(lambda: len(store.taken) >= 4)
                assert sorted(store.products) == [f"of {shard}" for shard in shards]
                assert {name for name, _ in store.taken} == {"ada", "bob"}
                assert {state.shard_id for state in (*ada.shards(), *bob.shards())} == set(shards)
                assert ada.problem() is None
            until(lambda: Counter(store.owners().values()) == {"ada": 4})  # bob has left in order
        rows = store.rows()
        assert rows.workers == {}
        assert set(store.owners().values()) == {None}
        assert {found.sequence_number is None for found in rows.checkpoints.values()} == {False}

    def test_a_dead_worker_s_shards_move_after_the_lease_time(self, store: Shop) -> None:
        arn = store.streams.current or ""
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a", "b")
        store.workers.put(row("dead"))
        taken = store.leases.take((arn, "s1"), "dead", None)
        assert taken is not None
        numbers = [
            r["dynamodb"]["SequenceNumber"] for r in store.streams.streams[arn]["s1"].records
        ]
        store.leases.save(Lease(CONSUMER, arn, "s1", "dead", taken.counter), numbers[0])
        started = time.monotonic()
        with store.worker("bob"):
            until(lambda: store.taken)
            assert time.monotonic() - started > LEASE_TIME
            assert store.taken == [("bob", "b")]  # after the dead worker's position
            assert set(store.rows().workers) == {"bob"}

    def test_a_worker_with_the_same_folder_continues_at_once(self, store: Shop) -> None:
        arn = store.streams.current or ""
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        store.workers.put(row("killed", broker="in-process", folder="f1"))
        store.leases.take((arn, "s1"), "killed", None)
        worker = store.worker("again", broker="in-process", folder="f1")
        started = time.monotonic()
        with worker:
            assert time.monotonic() - started < LEASE_TIME
            until(lambda: store.taken == [("again", "a")])

    def test_a_shard_s_row_shows_since_when_it_is_held(self, store: Shop) -> None:
        shard = "arn:aws:dynamodb:::table/P/stream/then", "s1"
        key = {"Consumer": {"S": CONSUMER}, "Shard": {"S": " ".join(shard)}}

        def since() -> datetime | None:
            answer = store.clients.tables.get_item(TableName=store.names.checkpoints, Key=key)
            value = answer["Item"].get("Since")
            return datetime.fromisoformat(value["S"]) if value else None

        started = datetime.now(UTC)
        taken = store.leases.take(shard, "ada", None)
        assert taken is not None
        held_since = since()
        assert held_since is not None
        assert abs((held_since - started).total_seconds()) < 30
        store.leases.release(Lease(CONSUMER, *shard, "ada", taken.counter))
        assert since() is None

    def test_the_heartbeat_contains_the_worker_s_status(self, store: Shop) -> None:
        store.streams.add(StubShard("s1"))
        with store.worker("ada"):
            until(lambda: '"shard_id":"s1"' in store.rows().workers["ada"].status)


class TestFencing:
    """A worker that was paused past its lease resumes."""

    def lost(self, store: Shop) -> tuple[Lease, Lease]:
        """A lost lease, and the lease of the worker that took the shard."""
        shard = "arn", "s1"
        first = store.leases.take(shard, "ada", None)
        assert first is not None
        second = store.leases.take(shard, "bob", first)
        assert second is not None
        lease = Lease(CONSUMER, *shard, "ada", first.counter)
        return lease, replace(lease, owner="bob", counter=second.counter)

    def test_a_lost_lease_cannot_checkpoint(self, store: Shop) -> None:
        old, new = self.lost(store)
        store.leases.save(new, "42")
        for finished in (False, True):
            with pytest.raises(LeaseLost):
                store.leases.save(old, "7", finished=finished)
        with pytest.raises(LeaseLost):
            store.leases.release(old)
        (found,) = store.rows().checkpoints.values()
        assert (found.sequence_number, found.finished, found.owner) == ("42", False, "bob")

    def test_a_lost_lease_cannot_park_dead_letters(self, store: Shop) -> None:
        old, new = self.lost(store)
        for lease, allowed in ((old, False), (new, True)):
            letter = {"ProductID": {"S": lease.owner}, "SinkKey": {"S": "x"}}
            put: Any = {"Put": {"TableName": store.names.dead_letters, "Item": letter}}
            actions = [put, store.leases.hold(lease).condition()]
            try:
                with translated():
                    store.clients.tables.transact_write_items(TransactItems=actions)
                parked = True
            except ConditionFailed:
                parked = False
            assert parked == allowed

    def test_a_lost_lease_is_detected_by_a_check(self, store: Shop) -> None:
        old, new = self.lost(store)
        store.leases.hold(new).check()
        with pytest.raises(LeaseLost):
            store.leases.hold(old).check()

    def test_a_lost_lease_stays_lost_after_the_worker_takes_the_shard_again(
        self, store: Shop
    ) -> None:
        old, new = self.lost(store)
        again = store.leases.take(("arn", "s1"), "ada", store.rows().checkpoints["arn", "s1"])
        assert again is not None
        assert again.counter > new.counter > old.counter
        with pytest.raises(LeaseLost):
            store.leases.save(old, "7")

    def test_only_one_of_two_takes_from_the_same_state_succeeds(self, store: Shop) -> None:
        takes = [store.leases.take(("arn", "s1"), name, None) for name in ("ada", "bob")]
        assert [found is not None for found in takes] == [True, False]

    def test_a_worker_that_counted_as_dead_takes_its_share_again(self, store: Shop) -> None:
        """Another worker removed its row and took its shards; it gets its share back."""
        store.streams.add(StubShard("s1"), StubShard("s2"))
        with store.worker("ada") as ada:
            until(lambda: Counter(store.owners().values()) == {"ada": 2})
            rows = store.rows()
            store.workers.put(row("bob"))
            for shard, found in rows.checkpoints.items():
                store.workers.remove("ada")
                assert store.leases.take(shard, "bob", found) is not None
            for shard in ("s1", "s2"):
                store.streams.put(shard, f"of {shard}")
            until(lambda: not ada.shards())
            # bob's heartbeat never comes again, and ada gets all shards back
            until(lambda: Counter(store.owners().values()) == {"ada": 2})
            until(lambda: {"of s1", "of s2"} <= set(store.products))


def test_lost_responses_lose_no_lease(store: Shop, endpoint: str) -> None:
    with lossy(endpoint, 0.3, operations=("UpdateItem",)) as (url, proxy):
        client = connect(url).tables
        leases = Leases(client, store.names.checkpoints, CONSUMER)
        for number in range(12):
            seen = store.rows().checkpoints.get(("arn", "s1"))
            try:
                taken = leases.take(("arn", "s1"), "ada", seen)
                assert taken is not None
                leases.save(Lease(CONSUMER, "arn", "s1", "ada", taken.counter), str(number))
            except StoreUnavailable:  # all three attempts were lost
                continue
        client.close()
        assert proxy.swallowed > 3
