"""The worker as threads of a process: everything between the stream and `publish`, wired once.

(The Lambda host wires the same pipeline behind an event source mapping.)
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.store.audit import AuditRepository
from app.store.checkpoints import Checkpoints
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.leases import Hold, Lease
from worker.chain import ChainSink
from worker.gaps import ChainGuard, Gaps
from worker.optional_sinks import OptionalSinks, Pacing
from worker.order import ArrivalOrder, InTurn, Publish
from worker.pipeline import Pipeline
from worker.reading import Reading, make_coordinator
from worker.reconcile import make_reconciler
from worker.reconcile.readings import Readings
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.broker import BrokerSink
from worker.sinks.policy import RetryPolicy
from worker.sinks.sink import Sink
from worker.source import CONSUMER, Source
from worker.stream.coordinator import Coordinator
from worker.wiring import Wiring
from worker.work import ShardWork


@contextmanager
def make_worker(
    source: Source,
    reading: Reading,
    audit: AuditRepository,
    order: ArrivalOrder,
    publish: Publish,
    *,
    raise_clock: Callable[[], None] = lambda: None,
    broker_elsewhere: bool = False,
    reached: Callable[[str], None] = lambda _point: None,
    sinks: Sequence[Sink] = (),
    policy: RetryPolicy | None = None,
    pacing: Pacing | None = None,
    due: threading.Event | None = None,
    parallelization_factor: int = 1,
) -> Iterator[Coordinator]:
    """A worker that runs until the block ends.

    `raise_clock` raises a clock that other processes share above all stamps given out so far.
    `broker_elsewhere`: `publish` can fail, and is then tried again. `reached` is told of each
    point that a crash could fall on: only fault tests listen. `due` is set by who marked a dead
    letter due in this process. `parallelization_factor`: batches written at once, of different
    products.
    """
    stop = threading.Event()
    retry = Retry(stop)
    clients, tables, names = source.clients, source.tables, source.names
    audit_sink = AuditSink(audit, retry, drop_stamps=order.drop)
    tell: InTurn = order.in_turn(publish)
    if broker_elsewhere:
        tell = BrokerSink(publish, order, audit.restamp, retry).accept
    letters = DeadLetters(clients.tables, tables.dead_letters)
    optional = OptionalSinks(
        sinks,
        Wiring(
            audit=audit,
            audit_sink=audit_sink,
            publish=tell,
            pipeline=Pipeline(
                audit_sink,
                tell,
                letters,
                retry,
                names,
                reached,
                parallelization_factor=parallelization_factor,
            ),
            letters=letters,
            lanes=Lanes(clients.tables, tables.dead_letters),
            names=names,
            retry=retry,
            stop=stop,
        ),
        policy=policy or RetryPolicy(),
        pacing=pacing,
        due=due,
    )
    chain = ChainSink(audit, tell, order.drop)
    reconciler = make_reconciler(source, audit, chain, lambda: readings.caught_up(), stop)
    gaps = Gaps(audit, chain, reconciler.ask, names)

    def make_work(lease: Lease, hold: Hold) -> ShardWork:
        raise_clock()  # a product's stamps rise from one holder of its shard to the next
        return optional.make_work(lease, hold, ChainGuard(gaps, retry, hold))

    coordinator = make_coordinator(source, reading, make_work, stop, report_gap=gaps.report)
    others = Checkpoints(clients.tables, tables.checkpoints, CONSUMER)
    readings = Readings(reading.member, coordinator.shards, lambda: others.rows().workers.values())
    with optional, coordinator, reconciler:
        yield coordinator
