"""The worker as threads of a process: everything between the stream and `publish`, wired once.

(The Lambda host will wire the same pipeline behind an event source mapping.)
"""

import threading
from collections.abc import Callable

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.checkpoints import Checkpoints
from app.store.client import Clients
from app.store.dead_letters import DeadLetters
from app.store.tables import StreamOfTable, TableNames
from worker.order import ArrivalOrder, Publish
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.broker import BrokerSink
from worker.stream.coordinator import Coordinator
from worker.stream.lineage import Position
from worker.stream.pace import Pace, Wake
from worker.stream.reader import ShardReader

CONSUMER = "stockpulse"

# Seconds between looks at a stream where nothing happens (DESIGN §5).
IDLE_LOCAL, IDLE_AWS = 0.25, 1.0


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
    broker_elsewhere: bool = False,
    reached: Callable[[str], None] = lambda _point: None,
) -> Coordinator:
    """A worker that is yet to be entered.

    `one_log`: see `Checkpoints`. `broker_elsewhere`: `publish` can fail, and is then tried
    again. `reached` is told of each point that a crash could fall on: only fault tests listen.
    """
    stop = threading.Event()
    retry = Retry(stop)
    checkpoints = Checkpoints(clients.tables, tables.checkpoints, CONSUMER, one_log=one_log)
    pipeline = Pipeline(
        AuditSink(audit, retry, drop_stamps=order.drop),
        BrokerSink(publish, order, audit.restamp, retry).accept
        if broker_elsewhere
        else order.in_turn(publish),
        DeadLetters(clients.tables, tables.dead_letters),
        retry,
        names,
        reached,
    )

    def make_reader(stream_arn: str, position: Position) -> ShardReader:
        return ShardReader(
            clients.streams,
            stream_arn,
            position,
            pipeline.process,
            checkpoints,
            retry,
            wake,
            Pace(idle),
        )

    return Coordinator(clients.streams, find_stream, checkpoints, make_reader, wake, stop)
