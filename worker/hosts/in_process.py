"""The worker as threads of one process: stream, pipeline, consumers and reconciler.

(The Lambda host uses the same parts behind an event source mapping and two schedules.)
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease
from app.store.coordination.shard_state import ShardState, WorkerProof
from app.store.deployment import Deployment
from worker.consumers.process_parts import SinkPlan
from worker.continuity.gaps import ChainGuard, Gaps
from worker.effects.log_writer import LogWriter
from worker.effects.publish_order import Publish
from worker.hosts.stream_reading import Reading, make_coordinator
from worker.hosts.wiring import Wiring
from worker.reconcile.readings import Readings
from worker.reconcile.reconciler import ComparisonFactory
from worker.sharing.membership import Guard
from worker.stream.shards.progress import PageTimes
from worker.stream.shards.reader import Work


@dataclass(frozen=True, slots=True)
class Worker:
    """The interface of a running worker; none of its functions blocks."""

    owner: str
    problem: Callable[[], str | None]
    proof: Callable[[], WorkerProof]
    shards: Callable[[], Sequence[ShardState]]
    sink_troubles: Callable[[], dict[str, str]]
    check_soon: Callable[[], None]  # reads the rows soon: an administrator changed something


@contextmanager
def make_worker(
    deployment: Deployment,
    reading: Reading,
    log: LogWriter,
    publish: Publish,
    plan: SinkPlan,
    *,
    broker_elsewhere: bool = False,
    parallelization_factor: int = 1,
) -> Iterator[Worker]:
    """Run a worker until the block ends; the last two parameters are those of `Wiring`."""
    stop = threading.Event()
    wiring = Wiring(
        deployment,
        log,
        publish,
        plan,
        stop,
        broker_elsewhere=broker_elsewhere,
        parallelization_factor=parallelization_factor,
    )
    comparisons = ComparisonFactory(
        deployment, log.audit, wiring.chain, lambda: readings.caught_up(), stop
    )
    reconciler = comparisons.reconciler()
    gaps = Gaps(log.audit, wiring.chain, reconciler.ask, deployment.names)

    def make_work(lease: Lease, hold: Hold) -> Work:
        log.raise_clock()  # a product's stamps increase from one owner of its shard to the next
        guard = ChainGuard(gaps, wiring.retry, hold)

        def take(records: Sequence[Any]) -> PageTimes:
            return wiring.pipeline.process(records, lease.stream_arn, hold, guard)

        return take

    coordinator = make_coordinator(
        deployment,
        reading,
        make_work,
        stop,
        report_gap=gaps.report,
        notice_comparison=reconciler.notice,
        consumers=wiring.consumers,
    )
    wiring.consumers.jobs = wiring.jobs(partial(Guard, term=coordinator.term))
    others = Checkpoints(*deployment.coordination)
    readings = Readings(reading.member, coordinator.shards, lambda: others.rows().workers.values())
    with coordinator, reconciler:
        yield Worker(
            reading.member.owner,
            coordinator.problem,
            coordinator.proof,
            coordinator.shards,
            wiring.consumers.troubles,
            coordinator.check_soon,
        )
