"""Live workers share the sinks by leases, as they share shards; each sink has its own thread."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.sinks.sink_cursors import SinkCursors
from worker.leasing.leased_threads import Job as LeasedJob
from worker.leasing.leased_threads import LeasedThreads


class Job(LeasedJob, Protocol):
    """The work under a sink's lease."""

    trouble: str

    def run(self) -> None:
        """Work until `leave` is called; raises LeaseLost or Stopped as `Runner.run`."""

    def notice(self, row: SinkRow) -> None:
        """Report that the sink's row was read again."""

    def hint(self) -> None:
        """Report that events were published."""


MakeJob = Callable[[Lease, SinkRow, Hold], Job]


class SinkSharing(LeasedThreads[Job]):
    """The sinks that this process runs."""

    def __init__(
        self, jobs: Mapping[str, MakeJob], rows: SinkCursors, leases: Leases, stop: threading.Event
    ) -> None:
        """`jobs`: the work under each sink's lease, by sink name; set before a lease is taken."""
        super().__init__("sink", leases, stop)
        self.jobs = jobs
        self._rows = rows

    def share(self, me: str, rows: Mapping[str, SinkRow], alive: set[str]) -> None:
        """Take and release sinks so that they are spread evenly over the live workers.

        Raises:
            StoreUnavailable: a sink could not be taken now.

        """
        leased = {(SINK, name): row for name, row in rows.items()}
        self.leave_lost(leased)
        self.notice(rows)
        work = {(SINK, name): rows.get(name) for name in self.jobs}
        self.spread(me, alive, work, leased, lambda shard: self.take(shard[1], me, work[shard]))

    def notice(self, rows: Mapping[str, SinkRow]) -> None:
        """Pass the rows that were just read to the jobs: a sink may be paused or rewound."""
        for lease, job in self.all():
            if (row := rows.get(lease.shard_id)) is not None:
                job.notice(row)

    def take(self, name: str, me: str, seen: SinkRow | None, deadline: int | None = None) -> bool:
        """Take a sink's lease and run the sink; False if another worker took it first.

        `seen`: the row as it was last read. `deadline`: as `Leases.take`.
        """
        taken = self._leases.take((SINK, name), me, seen, deadline=deadline)
        if taken is None:
            return False
        lease = Lease(taken.consumer, SINK, name, me, taken.counter)
        row = self._rows.get(name)
        if row is None:
            return False
        job = self.jobs[name](lease, row, self._leases.hold(lease))
        self.start(lease, job, job.run)
        return True

    def hint(self) -> None:
        """Report that events were published, here or by another process."""
        for _, job in self.all():
            job.hint()

    def troubles(self) -> dict[str, str]:
        """The errors of the sinks that run here, by name."""
        return {lease.shard_id: job.trouble for lease, job in self.all() if job.trouble}
