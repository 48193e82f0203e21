"""What the table holds is the truth; where the audit says otherwise, an entry tells of it."""

from collections.abc import Callable
from threading import Event

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.client import Clients
from app.store.reconciliation import Outcome, Reconciliations, State
from app.store.tables import TableNames
from worker.chain import ChainSink
from worker.reconcile.comparison import SETTLE, Comparison
from worker.reconcile.decision import is_caught_up
from worker.reconcile.reconciler import Reconciler, Timing
from worker.retry import Retry
from worker.stream.decode import stream_label


def reconcile_once(
    clients: Clients,
    tables: TableNames,
    names: AttributeNames,
    audit: AuditRepository,
    sink: ChainSink,
    stream_arn: str,
    caught_up: Callable[[], bool],
    stop: Event,
    *,
    first: bool = False,
    settle: float = SETTLE,
) -> Outcome:
    """Compare once, now: what a scheduled invocation of a Lambda host does.

    Raises:
        Stopped: `stop` was set; what is written stays and is right.

    """
    return Comparison(
        clients.tables,
        tables,
        names,
        audit,
        sink,
        stream_label(stream_arn),
        caught_up,
        Retry(stop),
        stop,
        first=first,
        settle=settle,
    ).run()


def make_reconciler(
    requests: Reconciliations,
    clients: Clients,
    tables: TableNames,
    names: AttributeNames,
    audit: AuditRepository,
    sink: ChainSink,
    find_stream: Callable[[], str],
    caught_up: Callable[[], bool],
    stop: Event,
) -> Reconciler:
    """The worker's reconciler, yet to be entered; `find_stream` gives the stream's ARN."""

    def compare(stream_arn: str, state: State) -> Comparison:
        return Comparison(
            clients.tables,
            tables,
            names,
            audit,
            sink,
            stream_label(stream_arn),
            caught_up,
            Retry(stop),
            stop,
            first=state.is_first,
        )

    return Reconciler(requests, find_stream, compare, stop)


__all__ = [
    "Comparison",
    "Outcome",
    "Reconciler",
    "Timing",
    "is_caught_up",
    "make_reconciler",
    "reconcile_once",
]
