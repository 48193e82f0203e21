"""Living workers share the sinks by leases, as they share shards; each sink has a thread here."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from app.store.coordination.leases import Hold, Lease, Leases
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.sinks.sink_cursors import SinkCursors
from worker.leasing.assignment import share
from worker.leasing.leased_threads import LeasedThreads


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


class SinkSharing(LeasedThreads[str, Job]):
    """The sinks that this process runs."""

    def __init__(
        self, jobs: Mapping[str, MakeJob], rows: SinkCursors, leases: Leases, stop: threading.Event
    ) -> None:
        """`jobs`: by the sink's name, what is done under its lease; set before the first take."""
        super().__init__("sink", leases, stop)
        self.jobs = jobs
        self._rows = rows

    def share(self, me: str, rows: Mapping[str, SinkRow], alive: set[str]) -> None:
        """Take and release sinks so that they lie evenly on the living workers.

        Raises:
            StoreUnavailable: a sink could not be taken now.

        """
        self._leave_lost(rows)
        owners: dict[str, str | None] = {}
        for name in self.jobs:
            row = rows.get(name)
            owner = None if row is None else row.owner
            owners[name] = me if name in self._running else None if owner == me else owner
        self.notice(rows)
        plan = share(me, owners, alive)
        for name in plan.release:
            self.leave(name)
        wanted = plan.wanted
        for name in plan.free:
            if not wanted or self._stop.is_set():
                return
            wanted -= self.take(name, me, rows.get(name))

    def _leave_lost(self, rows: Mapping[str, SinkRow]) -> None:
        """End the jobs whose sink is another worker's now: an idle one would not find out."""
        for name, lease in self.held().items():
            row = rows.get(name)
            if row is None or (row.owner, row.counter) != (lease.owner, lease.counter):
                self.leave(name)

    def notice(self, rows: Mapping[str, SinkRow]) -> None:
        """The sinks' rows were read again: an administrator may have paused or rewound one."""
        for name, (_, job) in self.all().items():
            if (row := rows.get(name)) is not None:
                job.notice(row)

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
        self.start(name, lease, job, job.run)
        return True

    def leave_all(self) -> None:
        """Release every sink, each after the calls under way."""
        for name in self.held():
            self.leave(name)

    def hint(self) -> None:
        """Something was published in this process, or by another that says so."""
        for _, job in self.all().values():
            job.hint()

    def troubles(self) -> dict[str, str]:
        """What is wrong with sinks that run here, by name."""
        return {name: job.trouble for name, (_, job) in self.all().items() if job.trouble}
