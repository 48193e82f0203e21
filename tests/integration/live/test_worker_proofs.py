"""A worker's proof reaches a web process through Redis, and says who reads the stream."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker.redis.proofs import ProofReader, ProofSender
from app.core.errors import StoreUnavailable
from app.store.coordination.shard_state import WorkerProof
from tests.support.processes.redis_server import RedisServer
from tests.support.waiting import until

KEY = "proofs"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as running:
        yield running


def test_worker_is_known_while_it_runs_and_forgotten_when_it_ends(redis: RedisServer) -> None:
    with ProofReader(redis.url, KEY, lambda: "worker") as reader:
        assert reader.workers() is None  # not known yet
        with ProofSender(redis.url, KEY, "w1", lambda: WorkerProof(answer=0.5, problem="slow")):
            (proof,) = until(reader.workers, 10)
            assert (proof.answer, proof.problem) == (0.5, "slow")
        until(lambda: reader.workers() == [], 10)
        assert not reader.on_lambda


def test_on_lambda_the_store_s_last_answer_is_the_proof(redis: RedisServer) -> None:
    answers = iter(["lambda"])

    def host() -> str:
        for kind in answers:
            return kind
        raise StoreUnavailable("DynamoDB did not answer.")

    with ProofReader(redis.url, KEY, host) as reader:
        (proof,) = until(lambda: reader.on_lambda and reader.workers(), 10)
        later = until(lambda: (now := reader.workers()) and now[0].age > proof.age + 1 and now, 10)
        assert len(later) == 1
        with ProofSender(redis.url, KEY, "w1", WorkerProof):  # the deployment changed its host
            until(lambda: not reader.on_lambda, 10)
