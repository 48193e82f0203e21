"""Each worker writes one heartbeat row, however many shards it reads.

A separate thread increments the row's counter, so that a slow call elsewhere does not make the
worker appear dead (docs/adr/0005-a-heartbeat-a-worker.md).
"""

import logging
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.core.errors import StoreUnavailable
from app.core.events import rfc3339
from app.runtime.backoff import Backoff
from app.runtime.loop_thread import LoopThread
from app.runtime.stall import Sighting, alive, observe_all
from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.hold import Hold
from app.store.coordination.workers import Broker, OwnerRefused, WorkerRow, Workers
from worker.leasing.assignment import LEASE_TIME, rivals

_log = logging.getLogger(__name__)

_BEATS = 3  # per lease time
_START_POLL = 0.25  # seconds between reads while waiting to start
_SHORTEST = 0.1  # least seconds between reads of the workers' rows


@dataclass(frozen=True, slots=True)
class Member:
    """This worker's identity: a name unique to the process, its broker, its locked data folder."""

    owner: str
    broker: Broker = "in-process"
    folder: str | None = None


def new_owner() -> str:
    """A unique name that shows the machine and the process."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:60]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


class Membership:
    """This worker's membership; a context manager that removes its row at the end."""

    def __init__(
        self,
        workers: Workers,
        checkpoints: Checkpoints,
        member: Member,
        *,
        lease_time: float = LEASE_TIME,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._checkpoints = checkpoints
        self._monotonic = monotonic
        self._row = WorkerRow(
            member.owner, 0, member.broker, rfc3339(datetime.now(UTC)), member.folder, ready=False
        )
        self._seen: dict[str, Sighting] = {}
        self._observed = self._confirmed = -lease_time
        self._term = 0
        self._write = threading.Lock()
        every = lease_time / _BEATS
        self._loop = LoopThread(
            "worker-heartbeat",
            self._beat,
            expected=(StoreUnavailable,),
            backoff=Backoff(every, every),
            first=every,
        )
        self.status: Callable[[], str] = str
        self.lease_time = lease_time

    @property
    def owner(self) -> str:
        """This worker's name."""
        return self._row.owner

    def __enter__(self) -> "Membership":
        """Join; raises OwnerRefused if an active worker excludes this one."""
        self._workers.claim_host("worker")
        self._beat()
        self._loop.__enter__()
        try:
            self._wait_alone()
            self._beat(ready=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        try:
            self._workers.remove(self._row.owner)
        except StoreUnavailable as error:
            _log.warning(
                "could not remove this worker's row; other workers wait for %s s: %s",
                self.lease_time,
                error,
            )

    def term(self) -> int | None:
        """A number that stays the same while no other worker can have counted this worker as dead.

        None if that is uncertain at this moment. Leases that were held in another term may have
        been taken.
        """
        term = self._term
        return term if self._is_fresh(self._monotonic()) else None

    def observe(self, workers: Mapping[str, WorkerRow]) -> set[str]:
        """Return the owners that may be alive, including this one, given the rows just read.

        The rows of dead workers are removed. An owner of this worker's data folder is dead at once,
        because this worker holds the folder's lock.
        """
        now = self._monotonic()
        watched = now - self._observed <= self.lease_time / 2
        self._observed = now
        counters = {owner: row.counter for owner, row in workers.items()}
        self._seen = observe_all(self._seen, counters, now, watched=watched)
        living = alive(self._seen, now, self.lease_time)
        folder = self._row.folder
        living -= {row.owner for row in workers.values() if folder and row.folder == folder}
        for owner in workers.keys() - living - {self.owner}:
            self._workers.delete_dead(workers[owner])
        return living | {self.owner}

    def until_next_read(self) -> float:
        """Seconds to the next read of the rows: long if alone, in time for every possible death."""
        now = self._monotonic()
        deaths = (
            self.lease_time - seen.still_for(now)
            for owner, seen in self._seen.items()
            if owner != self.owner
        )
        soonest = min(deaths, default=None)
        if soonest is None:
            return self.lease_time
        return max(_SHORTEST, min(soonest, self.lease_time / _BEATS))

    def rivals(self, workers: Mapping[str, WorkerRow], alive: set[str]) -> list[WorkerRow]:
        """The live workers that this worker must not read alongside."""
        return rivals(self._row, [workers[owner] for owner in alive if owner in workers])

    def _wait_alone(self) -> None:
        """Return once no live worker is in the way; one whose counter does not change is dead.

        Raises:
            OwnerRefused: a live worker is in the way.

        """
        while True:
            workers = self._checkpoints.rows().workers
            others = self.rivals(workers, self.observe(workers))
            for other in others:
                if other.owner in self._seen and self._seen[other.owner].moved:
                    raise OwnerRefused(self._refusal(other))
            if not others:
                return
            self._loop.stop.wait(min(_START_POLL, self.lease_time / 8))

    def _refusal(self, other: WorkerRow) -> str:
        where = f"worker {other.owner} (since {other.since}) already reads this table's stream"
        if self._row.broker == "in-process":
            return (
                f"{where}. Without STOCKPULSE_BROKER_URL only one worker can read it, because the "
                "changes that the other reads would not show here. Stop the other worker, or set "
                "STOCKPULSE_BROKER_URL for both"
            )
        return (
            f"{where} without STOCKPULSE_BROKER_URL, so the changes that it reads would not show "
            "here. Set STOCKPULSE_BROKER_URL for it, too, or stop it"
        )

    def _beat(self, *, ready: bool = False) -> float:
        """Write the heartbeat; returns the seconds to the next."""
        with self._write:
            begun = self._monotonic()
            self._row = replace(
                self._row,
                counter=self._row.counter + 1,
                ready=ready or self._row.ready,
                status=self.status(),
            )
            self._workers.put(self._row)
            if not self._is_fresh(begun):
                self._term += 1
            self._confirmed = begun
        return self.lease_time / _BEATS

    def _is_fresh(self, now: float) -> bool:
        return now - self._confirmed < self.lease_time * 2 / 3


class Guard:
    """Before an action under a lease that may be lost, the lease's row is read.

    A call to a broker or a sink cannot be fenced. So a worker that was paused for longer than its
    lease time must detect that before it makes such a call.
    """

    def __init__(self, hold: Hold, term: Callable[[], int | None]) -> None:
        """`term`: see `Membership`. The first call reads the row: the take may be long ago."""
        self._hold = hold
        self._term = term
        self._sure_in: int | None = None

    def __call__(self) -> None:
        """Return if the lease is held.

        Raises:
            LeaseLost: it belongs to another worker.
            StoreUnavailable: this cannot be known now, or not before the next heartbeat: another
                worker may have deleted this one's row and be about to take the lease.

        """
        term = self._term()
        if term is None:
            raise StoreUnavailable("This worker's heartbeat is overdue.")
        if term != self._sure_in:
            self._hold.check()
            self._sure_in = term
