"""What the table holds is the truth; where the audit says otherwise, an entry tells of it."""

from collections.abc import Callable
from threading import Event

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.client import Clients
from app.store.reconciliation import Outcome
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


__all__ = [
    "Comparison",
    "Outcome",
    "Reconciler",
    "Timing",
    "is_caught_up",
    "reconcile_once",
]
