"""The worker as threads of one process: stream, pipeline, consumers and reconciler.

Several workers read a table's stream together; `make_coordinator` wires the part of one of them.
(The Lambda host uses the same pipeline behind an event source mapping and two schedules.)
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.runtime.retry import Retry
from app.runtime.wake import Wake
from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.reconcile_requests import ReconcileRequests, State
from app.store.coordination.stream_starts import StreamStarts
from app.store.coordination.workers import Workers
from app.store.deployment import Deployment
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.sink_sharing import SinkSharing
from worker.continuity.gaps import ChainGuard, Gaps
from worker.hosts.wiring import Wiring
from worker.leasing.assignment import LEASE_TIME
from worker.reconcile.reconciler import Readings, Reconciler
from worker.sharing.cleanup import RowCleanup
from worker.sharing.coordinator import Coordinator
from worker.sharing.membership import Guard, Member, Membership
from worker.stream.shards.discovery import Discovery
from worker.stream.shards.lineage import Position
from worker.stream.shards.polling import Idle, Polling
from worker.stream.shards.reader import ShardReader, Work
from worker.stream.shards.reader_pool import ReaderPool, Took
from worker.stream.shards.shard_iterator import ShardPages

_log = logging.getLogger(__name__)

# Makes the function that processes the records of a newly leased shard.
MakeWork = Callable[[Lease, Hold], Work]

# Reports lost records: the shard, its stream, the last sequence number that was read, the reason,
# and the lease under which the loss was found (None: without a lease).
ReportGap = Callable[[str, str, str | None, str, Hold | None], None]

NEW_STREAM = "stream"  # used as the shard id of a gap that affects the whole stream


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and how it waits; `one_log`: see `worker.stream.shards.stream_replacement`."""

    member: Member
    wake: Wake
    idle: Idle
    one_log: bool = False
    lease_time: float = LEASE_TIME


@contextmanager
def make_worker(reading: Reading, wiring: Wiring) -> Iterator[Coordinator]:
    """Run a worker until the block ends."""
    deployment, log = wiring.deployment, wiring.log
    readings: Readings  # of the coordinator, which needs the reconciler
    reconciler = Reconciler(
        ReconcileRequests(*deployment.coordination),
        lambda: deployment.stream().arn,
        partial(wiring.comparison, lambda: readings.caught_up()),
        wiring.stop,
    )
    gaps = Gaps(log.audit, wiring.chain, reconciler.ask, deployment.names)

    def make_work(lease: Lease, hold: Hold) -> Work:
        log.raise_clock()  # a product's stamps increase from one owner of its shard to the next
        guard = ChainGuard(gaps, wiring.retry, hold)

        def take(records: Sequence[Any]) -> None:
            wiring.pipeline.process(records, lease.stream_arn, hold, guard)

        return take

    coordinator = make_coordinator(
        deployment,
        reading,
        make_work,
        wiring.stop,
        report_gap=gaps.report,
        notice_comparison=reconciler.notice,
        consumers=wiring.consumers,
        took=lambda: wiring.pipeline.took,
    )
    wiring.consumers.jobs = wiring.jobs(partial(Guard, term=coordinator.term))
    others = Checkpoints(*deployment.coordination)
    readings = Readings(reading.member, coordinator.shards, lambda: others.rows().workers.values())
    with coordinator, reconciler:
        yield coordinator


def _log_gap(
    shard_id: str, stream_arn: str, after: str | None, why: str, _hold: Hold | None
) -> None:
    _log.error("gap in shard %s of %s after %s: %s", shard_id, stream_arn, after, why)


def make_coordinator(
    deployment: Deployment,
    reading: Reading,
    make_work: MakeWork,
    stop: threading.Event,
    *,
    report_gap: ReportGap = _log_gap,
    notice_comparison: Callable[[State], None] = lambda _state: None,
    consumers: SinkSharing | None = None,
    took: Took = lambda: (None, None),
) -> Coordinator:
    """Create the coordinator that reads a table's stream together with other workers.

    `consumers`: the sinks that the workers share as well. `notice_comparison`: see `Coordinator`.
    """
    streams, wake, one_log = deployment.clients.streams, reading.wake, reading.one_log
    retry = Retry(stop)
    where = deployment.coordination
    checkpoints, leases, starts = Checkpoints(*where), Leases(*where), StreamStarts(*where)
    membership = Membership(
        Workers(*where), checkpoints, reading.member, lease_time=reading.lease_time
    )

    def report_new_stream(stream_arn: str) -> None:
        why = "the stream was replaced: changes made in between may be missing"
        report_gap(NEW_STREAM, stream_arn, None, why, None)

    def make_reader(lease: Lease, position: Position) -> ShardReader:
        hold = leases.hold(lease)

        def report_of_shard(after: str | None, why: str) -> None:
            report_gap(lease.shard_id, lease.stream_arn, after, why, hold)

        return ShardReader(
            ShardPages(streams, lease.stream_arn, lease.shard_id, position.after, position.start),
            make_work(lease, hold),
            partial(leases.save, lease),
            retry,
            wake,
            Polling(reading.idle),
            guard=Guard(hold, membership.term),
            report_gap=report_of_shard,
        )

    coordinator = Coordinator(
        membership,
        Discovery(streams, deployment.tables.products, deployment.stream, one_log=one_log),
        checkpoints,
        starts,
        ReaderPool(
            leases, stop, lambda: coordinator.check_soon(), make_reader, took, one_log=one_log
        ),
        consumers or SinkSharing({}, SinkCursors(*where), leases, stop),
        RowCleanup(leases, starts, one_log=one_log),
        wake,
        stop,
        report_new_stream=report_new_stream,
        notice_comparison=notice_comparison,
        one_log=one_log,
    )
    return coordinator
