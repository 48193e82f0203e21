"""Points at which a test kills its own process; production code has no such hooks.

`before audit`, `between audit and broker`, `between broker and checkpoint`: a batch passes each of
them once. `between commit and answer` is in `tests/faults/crashing.py`, which has a web server.
"""

from collections.abc import Callable, Sequence
from typing import Any

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Appended, Arrived
from app.store.coordination.hold import Hold
from worker.effects.audit_writer import AuditWriter
from worker.effects.publish_order import PublishWithHold
from worker.hosts import wiring
from worker.pipeline.pipeline import Pipeline

PIPELINE_POINTS = ("before audit", "between audit and broker", "between broker and checkpoint")

# Called with the point's name each time the process passes it.
Reached = Callable[[str], None]


def set_points(reached: Reached) -> None:
    """Make every pipeline created from now on in this process report its points."""
    wiring.Pipeline = pipeline_with_points(reached)  # type: ignore[misc]


def pipeline_with_points(reached: Reached) -> type[Pipeline]:
    """A Pipeline class that reports its points."""

    class WithPoints(Pipeline):
        def __init__(
            self, audit: AuditWriter, publish: PublishWithHold, *others: Any, **named: Any
        ) -> None:
            def publish_between(arrived: Sequence[Arrived], hold: Hold) -> None:
                reached("between audit and broker")
                publish(arrived, hold)
                reached("between broker and checkpoint")

            points: Any = _Before(audit, reached)
            super().__init__(points, publish_between, *others, **named)

    return WithPoints


class _Before:
    def __init__(self, audit: AuditWriter, reached: Reached) -> None:
        self._audit = audit
        self._reached = reached

    def accept(self, events: Sequence[ChangeEvent], hold: Hold | None = None) -> Appended:
        self._reached("before audit")
        return self._audit.accept(events, hold=hold)
