"""What the table holds is the truth; where the audit says otherwise, an entry tells of it."""

from collections.abc import Callable
from threading import Event

from app.store.audit import AuditRepository
from app.store.deployment import Deployment
from app.store.reconciliation import Outcome, Reconciliations, State
from worker.chain import ChainSink
from worker.reconcile.comparison import Comparison
from worker.reconcile.decision import is_caught_up
from worker.reconcile.reconciler import Reconciler, Timing
from worker.retry import Retry
from worker.stream.decode import stream_label


def reconcile_once(
    deployment: Deployment,
    audit: AuditRepository,
    sink: ChainSink,
    stream_arn: str,
    caught_up: Callable[[], bool],
    stop: Event,
    *,
    first: bool = False,
) -> Outcome:
    """Compare once, now: what a scheduled invocation of a Lambda host does.

    Raises:
        Stopped: `stop` was set; what is written stays and is right.

    """
    return _comparison(deployment, audit, sink, stream_arn, caught_up, stop, first=first).run()


def make_reconciler(
    deployment: Deployment,
    audit: AuditRepository,
    sink: ChainSink,
    caught_up: Callable[[], bool],
    stop: Event,
) -> Reconciler:
    """The worker's reconciler, yet to be entered."""
    requests = Reconciliations(*deployment.coordination)

    def compare(stream_arn: str, state: State) -> Comparison:
        return _comparison(
            deployment, audit, sink, stream_arn, caught_up, stop, first=state.is_first
        )

    return Reconciler(requests, lambda: deployment.stream().arn, compare, stop)


def _comparison(
    deployment: Deployment,
    audit: AuditRepository,
    sink: ChainSink,
    stream_arn: str,
    caught_up: Callable[[], bool],
    stop: Event,
    *,
    first: bool,
) -> Comparison:
    return Comparison(
        deployment.clients.tables,
        deployment.tables,
        deployment.names,
        audit,
        sink,
        stream_label(stream_arn),
        caught_up,
        Retry(stop),
        stop,
        first=first,
    )


__all__ = [
    "Comparison",
    "Outcome",
    "Reconciler",
    "Timing",
    "is_caught_up",
    "make_reconciler",
    "reconcile_once",
]
