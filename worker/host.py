"""The worker as threads of a process: everything between the stream and `publish`, wired once.

(The Lambda host will wire the same pipeline behind an event source mapping.)
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.checkpoints import Checkpoints
from app.store.client import Clients
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.leases import Lease, Unleased
from app.store.tables import StreamOfTable, TableNames
from worker.order import ArrivalOrder, Publish
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.host import OptionalSinks, Pacing
from worker.sinks.policy import RetryPolicy
from worker.sinks.sink import Sink
from worker.stream.coordinator import Coordinator
from worker.stream.lineage import Position
from worker.stream.pace import Pace, Wake
from worker.stream.reader import ShardReader

CONSUMER = "stockpulse"

# Seconds between looks at a stream where nothing happens (DESIGN §5).
IDLE_LOCAL, IDLE_AWS = 0.25, 1.0


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
    idle: float,
    *,
    one_log: bool = False,
    reached: Callable[[str], None] = lambda _point: None,
    sinks: Sequence[Sink] = (),
    policy: RetryPolicy | None = None,
    pacing: Pacing | None = None,
    due: threading.Event | None = None,
) -> Iterator[Coordinator]:
    """A worker that runs until the block ends.

    `one_log`: see `Checkpoints`. `reached` is told of each point that a crash could fall on:
    only fault tests listen. `due` is set by who marked a dead letter due in this process.
    """
    stop = threading.Event()
    retry = Retry(stop)
    checkpoints = Checkpoints(clients.tables, tables.checkpoints, CONSUMER, one_log=one_log)
    audit_sink = AuditSink(audit, retry, drop_stamps=order.drop)
    in_turn = order.in_turn(publish)
    letters = DeadLetters(clients.tables, tables.dead_letters)
    pipeline = Pipeline(audit_sink, in_turn, letters, retry, names, reached)
    optional = OptionalSinks(
        sinks,
        audit=audit,
        audit_sink=audit_sink,
        publish=in_turn,
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

    def make_reader(stream_arn: str, position: Position) -> ShardReader:
        lease = Lease(CONSUMER, stream_arn, position.shard_id, "local", 0)
        work = optional.make_work(lease, Unleased())
        return ShardReader(
            clients.streams,
            stream_arn,
            position,
            lambda records, _arn: work.process(records),
            checkpoints,
            retry,
            wake,
            Pace(idle),
        )

    coordinator = Coordinator(clients.streams, find_stream, checkpoints, make_reader, wake, stop)
    with optional, coordinator:
        yield coordinator
