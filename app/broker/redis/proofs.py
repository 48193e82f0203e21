"""Each worker proves to the web processes, once a second, that it reads the stream.

The proofs are the fields of one Redis hash. Clocks of two machines are never compared: a web
process notes when it saw a proof change. A worker that ends normally deletes its proof, and that of
a killed worker is deleted after a while.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from app.broker.redis.connection import BrokerUnavailable, connect, translated
from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.runtime.loop_thread import LoopThread
from app.runtime.stall import Sighting, observe_all
from app.store.coordination.shard_state import WorkerProof

INTERVAL = 1.0  # seconds between two proofs of a worker, and between two reads of them
TIMEOUT = 1.0  # seconds for each call
GONE = 15.0  # seconds until a silent worker does not count: others have taken its shards by then
FORGET = 60.0  # seconds until its proof is deleted
HOST_INTERVAL = 5.0  # seconds between reads of who reads the stream, while no worker proves it
_BACKOFF = Backoff(INTERVAL, INTERVAL)


def _ignore(_error: BaseException) -> None:
    """Whoever publishes or follows reports that Redis is not available."""


class ProofSender:
    """Sends one worker's proofs on a thread of its own; a context manager."""

    def __init__(self, url: str, key: str, owner: str, proof: Callable[[], WorkerProof]) -> None:
        self._redis = connect(url, TIMEOUT)
        self._key = key
        self._owner = owner
        self._proof = proof
        self._sent = 0
        self._loop = LoopThread("worker-proof", self._send, failed=_ignore, backoff=_BACKOFF)

    def __enter__(self) -> "ProofSender":
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        try:
            with translated():
                self._redis.hdel(self._key, self._owner)
        except BrokerUnavailable:
            pass  # the web processes forget it by themselves
        self._redis.close()

    def _send(self) -> float:
        self._sent += 1
        with translated():
            self._redis.hset(
                self._key, self._owner, json.dumps([self._sent, asdict(self._proof())])
            )
        return INTERVAL


class ProofReader:
    """Reads the proofs on a thread of its own; a context manager.

    `host` reads from the store which kind of host reads the stream. It is called only while no
    worker proves itself: a Lambda function cannot, and then the answer proves that the store works.
    """

    def __init__(
        self,
        url: str,
        key: str,
        host: Callable[[], str | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = connect(url, TIMEOUT)
        self._key = key
        self._host = host
        self._monotonic = monotonic
        self._began = monotonic()
        self._read_at = -GONE
        self._known: dict[str, tuple[Sighting, WorkerProof]] = {}
        self._host_at = -GONE
        self.on_lambda = False
        self._loop = LoopThread("worker-proofs", self._turn, failed=_ignore, backoff=_BACKOFF)

    def __enter__(self) -> "ProofReader":
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        self._redis.close()

    def workers(self) -> Sequence[WorkerProof] | None:
        """The proofs of the workers that count; None while that is not known. Never blocks.

        On Lambda it is one proof, as old as the last answer of the store.
        """
        now = self._monotonic()
        if self.on_lambda:
            return [WorkerProof(age=now - self._host_at)]
        if now - self._read_at > GONE or now - self._began < 4 * INTERVAL:
            return self._heard(now) or None
        return self._heard(now)

    def _heard(self, now: float) -> list[WorkerProof]:
        return [
            # While Redis does not answer, the workers are not to blame.
            replace(proof, age=max(0.0, self._read_at - sighting.since))
            for sighting, proof in self._known.values()
            if sighting.moved and sighting.still_for(now) < GONE
        ]

    def _turn(self) -> float:
        with translated():
            found: Any = self._redis.hgetall(self._key)
        self.note({owner.decode(): value for owner, value in found.items()})
        now = self._monotonic()
        for owner, (sighting, _) in self._known.items():
            if sighting.still_for(now) > FORGET:
                self._redis.hdel(self._key, owner)
        if self._heard(now):
            self.on_lambda = False
        else:
            self._ask_host(now)
        return INTERVAL

    def note(self, found: Mapping[str, bytes]) -> None:
        """Record each worker's value as just read; one that another version wrote is left out."""
        proofs = {owner: parsed for owner, value in found.items() if (parsed := _parsed(value))}
        now = self._monotonic()
        watched = now - self._read_at < 3 * INTERVAL
        seen = observe_all(
            {owner: sighting for owner, (sighting, _) in self._known.items()},
            {owner: number for owner, (number, _) in proofs.items()},
            now,
            watched=watched,
        )
        self._known = {owner: (seen[owner], proof) for owner, (_, proof) in proofs.items()}
        self._read_at = now

    def _ask_host(self, now: float) -> None:
        if now - self._host_at < HOST_INTERVAL:
            return
        try:
            self.on_lambda = self._host() == "lambda"
        except StoreUnavailable:
            return  # the age of the last answer says so
        self._host_at = self._monotonic()


def _parsed(value: bytes) -> tuple[int, WorkerProof] | None:
    try:
        number, fields = json.loads(value)
        return int(number), WorkerProof(**fields)
    except (ValueError, TypeError):
        return None
