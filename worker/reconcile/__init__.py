"""What the table holds is the truth; where the audit says otherwise, an entry tells of it."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from app.store.audit import AuditRepository
from app.store.deployment import Deployment
from app.store.reconciliation import Outcome, Reconciliations
from worker.chain import ChainSink
from worker.reconcile.comparison import Comparison
from worker.reconcile.decision import is_caught_up
from worker.reconcile.reconciler import Reconciler, Timing
from worker.stream.decode import stream_label


@dataclass(frozen=True, slots=True)
class Comparing:
    """What every comparison of a process is made from."""

    deployment: Deployment
    audit: AuditRepository
    sink: ChainSink
    caught_up: Callable[[], bool]
    stop: Event

    def comparison(self, stream_arn: str, *, first: bool) -> Comparison:
        """One comparison; `first`: none was ever carried through."""
        return Comparison(
            self.deployment,
            self.audit,
            self.sink,
            stream_label(stream_arn),
            self.caught_up,
            self.stop,
            first=first,
        )

    def reconciler(self) -> Reconciler:
        """The worker's reconciler, yet to be entered."""
        return Reconciler(
            Reconciliations(*self.deployment.coordination),
            lambda: self.deployment.stream().arn,
            lambda stream_arn, state: self.comparison(stream_arn, first=state.is_first),
            self.stop,
        )


__all__ = [
    "Comparing",
    "Comparison",
    "Outcome",
    "Reconciler",
    "Timing",
    "is_caught_up",
]
