"""What the checks of the sinks' deliveries need to know about the world."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.unit.worker.machine.checks.written import Ref, Written
from tests.unit.worker.machine.sinks.arrivals import Arrivals

Item = dict[str, Any]

NOTICED = 20.0  # seconds until every running worker has noticed an administrator's action


@dataclass(frozen=True)
class Known:
    """What the checks need to know about the world."""

    arrivals: Arrivals
    chain: Callable[[str], list[Written]]  # a product's changes, in order
    entry: Callable[[Ref], Item | None]  # an audit entry
    caller: Callable[[], str | None]  # the worker that makes the current call; None: administrator
    awake_since: Callable[[str], float]  # when a worker last was paused or met a fault
    now: Callable[[], float]  # simulated seconds

    def must_know(self, worker: str, since: float) -> bool:
        """Whether a worker must have noticed what was written at `since`."""
        return self.now() - max(since, self.awake_since(worker)) > NOTICED
