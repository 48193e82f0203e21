"""The living workers share the sinks by leases, as they share shards; each sink has a thread here.

A thread that dies, whatever killed it, releases its sink, and the next look takes it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.logs import about
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.coordination.sinks import SinkRows
from app.store.errors import StoreUnavailable
from app.store.leases import Hold, Lease, LeaseLost, Leases
from worker.retry import Stopped
from worker.stream.leases import share

_log = logging.getLogger(__name__)

AFTER_CRASH = 1.0  # seconds before a sink whose thread died is released


class Job(Protocol):
    """What is done under the lease of one sink."""

    trouble: str

    def run(self) -> None:
        """Work until told to leave; raises LeaseLost or Stopped as `Runner.run`."""

    def leave(self) -> None:
        """End soon."""

    def notice(self, row: SinkRow) -> None:
        """The sink's row was read again."""

    def hint(self) -> None:
        """Something was published."""


MakeJob = Callable[[Lease, SinkRow, Hold], Job]


@dataclass(frozen=True, slots=True)
class _Running:
    lease: Lease
    job: Job
    thread: threading.Thread


class Consumers:
    """The sinks that this process runs."""

    def __init__(
        self, jobs: Mapping[str, MakeJob], rows: SinkRows, leases: Leases, stop: threading.Event
    ) -> None:
        """`jobs`: by the sink's name, what is done under its lease; set before the first take."""
        self.jobs = jobs
        self._rows = rows
        self._leases = leases
        self._stop = stop
        self._running: dict[str, _Running] = {}

    def share(self, me: str, rows: Mapping[str, SinkRow], alive: set[str]) -> None:
        """Take and release sinks so that they lie evenly on the living workers.

        Raises:
            StoreUnavailable: a sink could not be taken now.

        """
        self._leave_lost(rows)
        owners: dict[str, str | None] = {}
        for name in self.jobs:
            row, running = rows.get(name), self._running.get(name)
            owner = None if row is None else row.owner
            owners[name] = me if running else None if owner == me else owner
        self.notice(rows)
        plan = share(me, owners, alive)
        for name in plan.release:
            self._running[name].job.leave()
        wanted = plan.wanted
        for name in plan.free:
            if not wanted or self._stop.is_set():
                return
            wanted -= self.take(name, me, rows.get(name))

    def _leave_lost(self, rows: Mapping[str, SinkRow]) -> None:
        """End the jobs whose sink is another worker's now: an idle one would not find out."""
        for name, running in list(self._running.items()):
            row, lease = rows.get(name), running.lease
            if row is None or (row.owner, row.counter) != (lease.owner, lease.counter):
                running.job.leave()

    def notice(self, rows: Mapping[str, SinkRow]) -> None:
        """The sinks' rows were read again: an administrator may have paused or rewound one."""
        for name, running in list(self._running.items()):
            if (row := rows.get(name)) is not None:
                running.job.notice(row)

    def take(self, name: str, me: str, seen: SinkRow | None, deadline: int | None = None) -> bool:
        """Take a sink as its row was seen, and run it; False where another was faster.

        `deadline`: as `Leases.take`.
        """
        taken = self._leases.take((SINK, name), me, seen, deadline=deadline)
        if taken is None:
            return False
        lease = Lease(taken.consumer, SINK, name, me, taken.counter)
        row = self._rows.get(name)
        if row is None:
            return False
        job = self.jobs[name](lease, row, self._leases.hold(lease))
        thread = threading.Thread(
            target=self._run, args=(name, lease, job), name=f"sink-{name}", daemon=True
        )
        self._running[name] = _Running(lease, job, thread)
        thread.start()
        return True

    def leave(self) -> None:
        """Release every sink, each after the calls under way."""
        for running in list(self._running.values()):
            running.job.leave()

    def hint(self) -> None:
        """Something was published in this process, or by another that says so."""
        for running in list(self._running.values()):
            running.job.hint()

    def join(self, deadline: float) -> None:
        """Wait for all threads until a moment of the monotonic clock."""
        for running in list(self._running.values()):
            running.thread.join(max(0.0, deadline - time.monotonic()))

    def troubles(self) -> dict[str, str]:
        """What is wrong with sinks that run here, by name."""
        return {
            name: running.job.trouble
            for name, running in list(self._running.items())
            if running.job.trouble
        }

    def _run(self, name: str, lease: Lease, job: Job) -> None:
        try:
            with about(sink=name):
                job.run()
        except LeaseLost:
            _log.warning("sink %s belongs to another worker now", name)
        except Stopped:
            self._release(lease)
        except BaseException:  # noqa: BLE001 - whatever it was, the sink must go on
            _log.exception("the thread of sink %s died; it starts again", name)
            self._stop.wait(AFTER_CRASH)  # a fault that repeats must not spin
            self._release(lease)
        else:
            self._release(lease)
        finally:
            # A thread that Lambda froze in a call may end after the sink was taken again.
            if self._running[name].lease == lease:
                del self._running[name]

    def _release(self, lease: Lease) -> None:
        try:
            self._leases.release(lease)
        except LeaseLost:
            pass
        except StoreUnavailable as error:
            _log.warning("sink %s was not released: %s", lease.shard_id, error)
