"""What the sinks of every host are wired to, and what is wired alike on each."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.letters import AUDIT
from worker.order import Tell
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks import redrive
from worker.sinks.audit import AuditSink
from worker.sinks.bounded import Bounded
from worker.sinks.drain import Drain
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.policy import Backoff
from worker.sinks.sink import Deliver, Sink


@dataclass(frozen=True, slots=True)
class Wiring:
    """The host's own parts, which its optional sinks share."""

    audit: AuditRepository
    audit_sink: AuditSink
    publish: Tell
    pipeline: Pipeline
    letters: DeadLetters
    lanes: Lanes
    names: AttributeNames
    retry: Retry
    stop: threading.Event

    def bounded(self, sinks: Collection[Sink], seconds: float) -> dict[str, Bounded]:
        """Each sink under its name, given up after so many seconds.

        Raises:
            ValueError: two have one name.

        """
        bounded = {sink.name: Bounded(sink, self.stop, seconds) for sink in sinks}
        if len(bounded) < len(sinks):
            raise ValueError("two sinks have one name")
        return bounded

    def drain(self, sinks: Mapping[str, Deliver], known: OpenLanes, backoff: Backoff) -> Drain:
        """What delivers the letters of each of these sinks, and of the audit."""
        deliveries = {
            name: redrive.for_sink(deliver, self.audit, self.names)
            for name, deliver in sinks.items()
        }
        deliveries[AUDIT] = redrive.for_audit(
            self.audit_sink, self.publish, self.letters, list(sinks), known, self.names
        )
        return Drain(self.lanes, deliveries, known, self.retry, backoff=backoff)
