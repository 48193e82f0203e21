"""The worker as threads of a process: everything between the stream and `publish`, wired once.

(The Lambda host wires the same pipeline behind an event source mapping.)
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.checkpoints import Checkpoints
from app.store.client import Clients
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.leases import Hold, Lease, Leases
from app.store.reconciliation import Reconciliations
from app.store.tables import StreamOfTable, TableNames
from app.store.workers import Workers
from worker.chain import ChainSink
from worker.gaps import ChainGuard, Gaps
from worker.order import ArrivalOrder, InTurn, Publish
from worker.pipeline import Pipeline
from worker.reconcile import make_reconciler
from worker.reconcile.readings import Readings
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.broker import BrokerSink
from worker.sinks.host import OptionalSinks, Pacing
from worker.sinks.policy import RetryPolicy
from worker.sinks.sink import Sink
from worker.stream.coordinator import Coordinator
from worker.stream.discovery import Discovery
from worker.stream.guard import Guard
from worker.stream.leases import LEASE_TIME
from worker.stream.membership import Member, Membership
from worker.stream.pace import Idle, Pace, Wake
from worker.stream.pages import ShardPages
from worker.stream.reader import ShardReader
from worker.stream.readers import Readers, ReportGap
from worker.stream.work import MakeWork
from worker.work import ShardWork

_log = logging.getLogger(__name__)

CONSUMER = "stockpulse"

# Seconds between looks at a stream where nothing happens (DESIGN §5).
IDLE_LOCAL, IDLE_AWS = Idle(0.25, 1.0), Idle(1.0, 2.5)

NEW_STREAM = "stream"  # in the place of a shard's id, of a gap that is about the whole stream


def _log_gap(shard_id: str, stream_arn: str, after: str | None, why: str) -> None:
    _log.error("gap in shard %s of %s after %s: %s", shard_id, stream_arn, after, why)


@contextmanager
def make_worker(
    clients: Clients,
    tables: TableNames,
    names: AttributeNames,
    audit: AuditRepository,
    order: ArrivalOrder,
    publish: Publish,
    find_stream: Callable[[], StreamOfTable],
    wake: Wake,
    idle: Idle,
    member: Member,
    *,
    one_log: bool = False,
    broker_elsewhere: bool = False,
    reached: Callable[[str], None] = lambda _point: None,
    lease_time: float = LEASE_TIME,
    sinks: Sequence[Sink] = (),
    policy: RetryPolicy | None = None,
    pacing: Pacing | None = None,
    due: threading.Event | None = None,
) -> Iterator[Coordinator]:
    """A worker that runs until the block ends.

    `one_log`: see `worker.stream.succession`. `broker_elsewhere`: `publish` can fail, and is then
    tried again. `reached` is told of each point that a crash could fall on: only fault tests
    listen. `due` is set by who marked a dead letter due in this process.
    """
    stop = threading.Event()
    retry = Retry(stop)
    audit_sink = AuditSink(audit, retry, drop_stamps=order.drop)
    tell: InTurn = order.in_turn(publish)
    if broker_elsewhere:
        tell = BrokerSink(publish, order, audit.restamp, retry).accept
    letters = DeadLetters(clients.tables, tables.dead_letters)
    pipeline = Pipeline(audit_sink, tell, letters, retry, names, reached)
    optional = OptionalSinks(
        sinks,
        audit=audit,
        audit_sink=audit_sink,
        publish=tell,
        pipeline=pipeline,
        letters=letters,
        lanes=Lanes(clients.tables, tables.dead_letters),
        names=names,
        retry=retry,
        stop=stop,
        policy=policy or RetryPolicy(),
        pacing=pacing,
        due=due,
    )

    sink = ChainSink(audit, tell, order.drop)
    others = Checkpoints(clients.tables, tables.checkpoints, CONSUMER)

    def caught_up() -> bool:
        return readings.caught_up()

    reconciler = make_reconciler(
        Reconciliations(clients.tables, tables.checkpoints, CONSUMER),
        clients,
        tables,
        names,
        audit,
        sink,
        lambda: find_stream().arn,
        caught_up,
        stop,
    )
    gaps = Gaps(audit, sink, reconciler.ask, names)

    def make_work(lease: Lease, hold: Hold) -> ShardWork:
        return optional.make_work(lease, hold, ChainGuard(gaps, retry))

    coordinator = make_coordinator(
        clients,
        tables,
        find_stream,
        make_work,
        wake,
        idle,
        member,
        stop,
        one_log=one_log,
        report_gap=gaps.report,
        lease_time=lease_time,
    )
    readings = Readings(member, coordinator.shards, lambda: others.rows().workers.values())
    with optional, coordinator, reconciler:
        yield coordinator


def make_coordinator(
    clients: Clients,
    tables: TableNames,
    find_stream: Callable[[], StreamOfTable],
    make_work: MakeWork,
    wake: Wake,
    idle: Idle,
    member: Member,
    stop: threading.Event,
    *,
    one_log: bool = False,
    report_gap: ReportGap = _log_gap,
    on_gap: Callable[[], None] = lambda: None,
    lease_time: float = LEASE_TIME,
) -> Coordinator:
    """What reads a table's stream with other workers, whatever the work is."""
    retry, look = Retry(stop), threading.Event()
    where = clients.tables, tables.checkpoints, CONSUMER
    checkpoints, leases = Checkpoints(*where), Leases(*where)
    membership = Membership(Workers(*where), checkpoints, member, lease_time=lease_time)

    def report(shard_id: str, stream_arn: str, after: str | None, why: str) -> None:
        report_gap(shard_id, stream_arn, after, why)
        on_gap()

    def report_new_stream(stream_arn: str) -> None:
        why = "the stream was made anew: changes in between may be missing"
        report(NEW_STREAM, stream_arn, None, why)

    def make_reader(lease: Lease, after: str | None) -> ShardReader:
        hold = leases.hold(lease)

        def report_of_shard(after: str | None, why: str) -> None:
            report(lease.shard_id, lease.stream_arn, after, why)

        return ShardReader(
            ShardPages(clients.streams, lease.stream_arn, lease.shard_id, after),
            make_work(lease, hold),
            partial(leases.save, lease),
            retry,
            wake,
            Pace(idle),
            guard=Guard(hold, membership.term),
            report_gap=report_of_shard,
        )

    return Coordinator(
        membership,
        Discovery(clients.streams, tables.products, find_stream, one_log=one_log),
        checkpoints,
        leases,
        Readers(leases, retry, stop, report, look.set, one_log=one_log),
        make_reader,
        wake,
        stop,
        look,
        report_new_stream=report_new_stream,
        one_log=one_log,
    )
