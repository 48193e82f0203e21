"""The parts that every host shares: the pipeline that writes the log, and the consumers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.config.settings import Settings
from app.observability.metrics import SINK_DELIVERED, SINK_REJECTED, SINK_RETRIED
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.reconcile_requests import State
from app.store.coordination.sink_row import AUDIT, SinkRow
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.deployment import Deployment
from app.store.feed.cursor import before
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.files.window_runner import WindowRunner
from worker.consumers.process_parts import Shared, SinkPlan
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.runner import Runner
from worker.consumers.sink import Sink
from worker.consumers.sink_sharing import Job, MakeJob, SinkSharing
from worker.effects.audit_writer import AuditWriter, ChainEntries
from worker.effects.log_writer import LogWriter
from worker.effects.publish_order import BrokerPublisher, InTurn, Publish
from worker.hosts.audit_redrive import AuditRedrive
from worker.pipeline.pipeline import Pipeline
from worker.reconcile.comparison import Comparison
from worker.sinks.alerts import Alerts
from worker.sinks.configured import sinks_of
from worker.stream.decode import stream_label

# Makes the guard of a newly taken lease: it returns if the lease is held, and raises LeaseLost if
# not.
MakeGuard = Callable[[Hold], Callable[[], None]]


@contextmanager
def sink_plan(settings: Settings, deployment: Deployment) -> Iterator[SinkPlan]:
    """Create the plan that the settings describe; the block must outlive the worker."""
    start = settings.sinks_start
    with sinks_of(settings, deployment) as sinks:
        yield SinkPlan(
            [Alerts(deployment).sink(), *sinks],
            RetryPolicy(settings.maximum_retry_attempts, settings.maximum_record_age_in_seconds),
            None if start is None else before(int(start.timestamp() * 1000)),
            deployment.signer.retention,
        )


class Wiring:
    """The parts of one host; `stop` ends their retries."""

    def __init__(
        self,
        deployment: Deployment,
        log: LogWriter,
        publish: Publish,
        plan: SinkPlan,
        *,
        broker_elsewhere: bool = False,
        parallelization_factor: int = 1,
    ) -> None:
        """`broker_elsewhere`: `publish` can fail, and is then retried.

        `parallelization_factor`: how many batches of different products are written in parallel.
        """
        self.stop = threading.Event()
        self.retry = Retry(self.stop)
        self.deployment, self.log, self._plan = deployment, log, plan
        self._broker = publish
        self.audit_sink = AuditWriter(log.audit, self.retry, drop_stamps=log.order.drop)
        self.publish: InTurn = log.order.in_turn(self._publish)
        if broker_elsewhere:
            self.publish = BrokerPublisher(
                self._publish, log.order, log.audit.restamp, self.retry
            ).accept
        client = deployment.clients.tables
        self.letters = DeadLetters(client, deployment.tables.dead_letters)
        self.pipeline = Pipeline(
            self.audit_sink,
            self.publish,
            self.letters,
            self.retry,
            deployment.stamps,
            parallelization_factor=parallelization_factor,
        )
        self.chain = ChainEntries(log.audit, self.publish, log.order.drop)
        self.sink_rows = SinkCursors(*deployment.coordination)
        self.consumers = SinkSharing(
            {}, self.sink_rows, Leases(*deployment.coordination), self.stop
        )

    def jobs(self, make_guard: MakeGuard) -> dict[str, MakeJob]:
        """The jobs by sink name: each sink's consumer, and the audit's redrives."""
        log, plan = self.log, self._plan
        shared = Shared(log.tail, self.sink_rows, self.letters, log.audit.get, plan)

        def runner(sink: Sink) -> MakeJob:
            for counter in (SINK_DELIVERED, SINK_RETRIED, SINK_REJECTED):
                counter.labels(sink.name)  # starts at 0: else the first increase is not visible

            def make(lease: Lease, row: SinkRow, hold: Hold) -> Job:
                kind = Runner if sink.files is None else WindowRunner
                return kind(sink, shared, lease, row, hold, make_guard(hold), self.stop)

            return make

        def redrive(lease: Lease, row: SinkRow, _hold: Hold) -> Job:
            return AuditRedrive(self, lease, row)

        return {AUDIT: redrive, **{sink.name: runner(sink) for sink in plan.sinks}}

    def comparison(
        self, caught_up: Callable[[], bool], stream_arn: str, state: State
    ) -> Comparison:
        """Create a comparison with the audit for the stream's table, as its row requests it."""
        return Comparison(
            self.deployment,
            self.log.audit,
            self.chain,
            stream_label(stream_arn),
            caught_up,
            self.stop,
            first=state.is_first,
        )

    def _publish(self, arrived: Sequence[Arrived]) -> None:
        self._broker(arrived)
        self.log.tail.hint(event for _, event in arrived)
        self.consumers.hint()
