"""A fake audit, broker and dead-letter table for a pipeline, and a record to process."""

import threading
from collections.abc import Sequence
from typing import Any

from app.core.events import ChangeEvent
from app.core.stamps import Stamps
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, Arrived
from app.store.coordination.hold import Hold
from app.store.dead_letters.letter import Letter
from tests.support.builders import (
    STAMPS,
    a_cursor,
    an_item,
    as_boto3,
    inserted,
)
from worker.pipeline.pipeline import Pipeline


class Steps:
    """Fakes that record what reached them, in order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, Any]] = []
        self.refuses: set[str] = set()
        self.arrivals = 0

    def accept(self, events: Sequence[ChangeEvent], hold: Hold | None = None) -> Appended:
        self.log.append(("audit", [event.product_id for event in events]))
        taken = [event for event in events if event.product_id not in self.refuses]
        arrived = []
        for event in taken:
            self.arrivals += 1
            arrived.append((a_cursor(self.arrivals), event))
        return Appended(arrived, [(e, "too large") for e in events if e not in taken])

    def publish(self, arrived: Sequence[Arrived], hold: Hold) -> None:
        self.log.append(("publish", [event.product_id for _, event in arrived]))

    def park(self, letters: Sequence[Letter], hold: Hold) -> None:
        self.log += [("park", (letter.product_id, letter.record)) for letter in letters]

    def pipeline(
        self,
        stamps: Stamps = STAMPS,
        kind: type[Pipeline] = Pipeline,
    ) -> Pipeline:
        return kind(self, self.publish, self, Retry(threading.Event()), stamps)  # type: ignore[arg-type]

    def of(self, step: str) -> list[Any]:
        return [what for name, what in self.log if name == step]


def put(product_id: str, number: int = 1, **attributes: Any) -> dict[str, Any]:
    """The record of a new product."""
    change = inserted(an_item(product_id, **attributes), sequence_number=str(number))
    return as_boto3(change)
