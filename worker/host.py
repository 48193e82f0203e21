"""The worker as threads of a process: everything between the stream and `publish`, wired once.

(The Lambda host will wire the same pipeline behind an event source mapping.)
"""

import threading
from collections.abc import Callable
from functools import partial

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.checkpoints import Checkpoints
from app.store.client import Clients
from app.store.dead_letters import DeadLetters
from app.store.reconciliation import Reconciliations, State
from app.store.tables import StreamOfTable, TableNames
from worker.chain import ChainSink
from worker.gaps import ChainGuard, Gaps
from worker.order import ArrivalOrder, Publish
from worker.pipeline import Pipeline
from worker.reconcile import Comparison, Reconciler
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.stream.coordinator import Coordinator
from worker.stream.decode import stream_label
from worker.stream.lineage import Position
from worker.stream.pace import Pace, Wake
from worker.stream.reader import ShardReader

CONSUMER = "stockpulse"

# Seconds between looks at a stream where nothing happens (DESIGN §5).
IDLE_LOCAL, IDLE_AWS = 0.25, 1.0


class Worker:
    """The readers of the stream and the reconciler, entered and ended together."""

    def __init__(self, coordinator: Coordinator, reconciler: Reconciler, gaps: Gaps) -> None:
        self._coordinator = coordinator
        self._reconciler = reconciler
        self.gaps = gaps

    def __enter__(self) -> "Worker":
        self._coordinator.__enter__()
        self._reconciler.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._reconciler.__exit__(*exc)
        finally:
            self._coordinator.__exit__(*exc)

    def problem(self) -> str | None:
        """What is wrong with reading the stream; None where all is well. Never blocks."""
        return self._coordinator.problem()


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
) -> Worker:
    """A worker that is yet to be entered.

    `one_log`: see `Checkpoints`. `reached` is told of each point that a crash could fall on:
    only fault tests listen.
    """
    stop = threading.Event()
    retry = Retry(stop)
    checkpoints = Checkpoints(clients.tables, tables.checkpoints, CONSUMER, one_log=one_log)
    in_turn = order.in_turn(publish)
    pipeline = Pipeline(
        AuditSink(audit, retry, drop_stamps=order.drop),
        in_turn,
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
            partial(pipeline.process, guard=ChainGuard(gaps, retry)),
            checkpoints,
            retry,
            wake,
            Pace(idle),
        )

    def compare(stream_arn: str, state: State) -> Comparison:
        return Comparison(
            clients.tables,
            tables,
            names,
            audit,
            sink,
            stream_label(stream_arn),
            lambda: coordinator.problem() is None,
            retry,
            stop,
            first=state.is_first,
        )

    sink = ChainSink(audit, in_turn, order.drop)
    requests = Reconciliations(clients.tables, tables.checkpoints, CONSUMER)
    reconciler = Reconciler(requests, lambda: find_stream().arn, compare, stop)
    gaps = Gaps(audit, sink, reconciler.ask, names)
    coordinator = Coordinator(clients.streams, find_stream, checkpoints, make_reader, wake, stop)
    return Worker(coordinator, reconciler, gaps)
