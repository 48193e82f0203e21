"""A web process knows a worker by proofs that change; one that stands still counts as silent."""

import json
from dataclasses import asdict

import pytest

from app.broker.redis.proofs import GONE, ProofReader
from app.store.coordination.shard_state import WorkerProof


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Seen:
    """A reader, and what it is given as the content of the hash."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reader = ProofReader("redis://127.0.0.1:1", "key", lambda: None, self.clock)
        self.numbers: dict[str, int] = {}

    def read(self, *alive: str, seconds: float = 1.0) -> None:
        """Time passes, the live workers send a proof, and the hash is read."""
        self.clock.now += seconds
        for owner in alive:
            self.numbers[owner] = self.numbers.get(owner, 0) + 1
        proof = asdict(WorkerProof(answer=0.01))
        self.reader.note(
            {owner: json.dumps([n, proof]).encode() for owner, n in self.numbers.items()}
        )

    @property
    def ages(self) -> list[float] | None:
        workers = self.reader.workers()
        return None if workers is None else [worker.age for worker in workers]


@pytest.fixture
def seen() -> Seen:
    found = Seen()
    for _ in range(5):
        found.read("w1", "w2")
    return found


def test_proof_that_stands_still_grows_old_and_is_dropped_in_the_end(seen: Seen) -> None:
    assert seen.ages == [0.0, 0.0]
    for _ in range(6):
        seen.read("w1")
    assert seen.ages == [0.0, 6.0]
    for _ in range(int(GONE)):
        seen.read("w1")
    assert seen.ages == [0.0]


def test_proof_left_by_a_killed_worker_does_not_count_at_the_start() -> None:
    seen = Seen()
    seen.numbers["killed"] = 7
    seen.read()
    assert seen.ages is None  # not known yet
    for _ in range(4):
        seen.read()
    assert seen.ages == []


def test_outage_of_redis_makes_no_worker_old(seen: Seen) -> None:
    seen.clock.now += 10
    assert seen.ages == [0.0, 0.0]
    seen.clock.now += 10
    assert seen.ages is None
    seen.read(seconds=0.0)
    assert seen.ages == [0.0, 0.0]


def test_proof_of_another_version_is_left_out(seen: Seen) -> None:
    odd = {"w1": b'[1, {"unknown": 1}]', "w2": b"text"}
    seen.reader.note(odd)
    assert seen.ages == []
