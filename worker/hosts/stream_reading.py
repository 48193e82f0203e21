"""Several workers read a table's stream together; this module wires one of them."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.runtime.retry import Retry
from app.runtime.wake import Wake
from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.reconcile_requests import State
from app.store.coordination.stream_starts import StreamStarts
from app.store.coordination.workers import Workers
from app.store.deployment import Deployment
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.sink_sharing import SinkSharing
from worker.leasing.assignment import LEASE_TIME
from worker.sharing.coordinator import Coordinator
from worker.sharing.membership import Guard, Member, Membership
from worker.stream.shards.discovery import Discovery
from worker.stream.shards.lineage import Position
from worker.stream.shards.polling import Idle, Polling
from worker.stream.shards.reader import ShardReader, Work
from worker.stream.shards.reader_pool import ReaderPool
from worker.stream.shards.shard_iterator import ShardPages

_log = logging.getLogger(__name__)

# Makes the function that processes the records of a newly leased shard.
MakeWork = Callable[[Lease, Hold], Work]

NEW_STREAM = "stream"  # used as the shard id of a gap that affects the whole stream


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and how it waits; `one_log`: see `worker.stream.shards.stream_replacement`."""

    member: Member
    wake: Wake
    idle: Idle
    one_log: bool = False
    lease_time: float = LEASE_TIME


# Reports lost records: the shard, its stream, the last sequence number that was read, the reason,
# and the lease under which the loss was found (None: without a lease).
ReportGap = Callable[[str, str, str | None, str, Hold | None], None]


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
) -> Coordinator:
    """Create the coordinator that reads a table's stream together with other workers.

    `consumers`: the sinks that the workers share as well. `notice_comparison`: see `Coordinator`.
    """
    clients, wake, one_log = deployment.clients, reading.wake, reading.one_log
    retry = Retry(stop)
    where = deployment.coordination
    checkpoints, leases = Checkpoints(*where), Leases(*where)
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
            ShardPages(
                clients.streams, lease.stream_arn, lease.shard_id, position.after, position.start
            ),
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
        Discovery(clients.streams, deployment.tables.products, deployment.stream, one_log=one_log),
        checkpoints,
        leases,
        StreamStarts(*where),
        ReaderPool(leases, stop, lambda: coordinator.check_soon(), one_log=one_log),
        make_reader,
        consumers or SinkSharing({}, SinkCursors(*where), leases, stop),
        wake,
        stop,
        report_new_stream=report_new_stream,
        notice_comparison=notice_comparison,
        one_log=one_log,
    )
    return coordinator
