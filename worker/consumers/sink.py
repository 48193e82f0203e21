"""A sink is a name and a function: it returns what it can never accept, and raises if it is down.

Delivery is at least once. The first delivery of a product's events keeps their order; a repeat
may come later, so a sink that holds state deduplicates by event id, or applies only a greater
event key per product.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.core.events import RESERVED, ChangeEvent

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Rejected(NamedTuple):
    """An event that the sink can never accept, and why: it becomes a dead letter."""

    event: ChangeEvent
    error: str


class Unavailable(Exception):
    """The other side cannot be reached, or asks for patience; the same events come again.

    `retry_after`: seconds that the other side asked for, None where it named none. `delivered`:
    how many events, from the first of the call on, were accepted before.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, delivered: int = 0
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.delivered = delivered


class PauseSink(Exception):
    """The other side wants nothing more; the sink is paused until an admin resumes it.

    `delivered`: as `Unavailable`.
    """

    def __init__(self, reason: str, *, delivered: int = 0) -> None:
        super().__init__(reason)
        self.delivered = delivered


Deliver = Callable[[Sequence[ChangeEvent]], Sequence[Rejected]]


@dataclass(frozen=True, slots=True)
class Sink:
    """What a consumer delivers to.

    `deliver` gets up to `batch_size` events, each product's in order, and returns those that it
    rejects. A call must end by itself well within the lease time of 10 s. Up to
    `parallelization_factor` calls run at once, never two with the same product. `wants` is the
    filter; what it refuses is skipped. `internal`: deliver `internal` events and shard gaps, too.
    `test` sends one test message and returns a sentence about the answer; it raises Unavailable or
    PauseSink where the message was not accepted.
    """

    name: str
    deliver: Deliver
    batch_size: int = 100
    batching_window: float = 0.0
    parallelization_factor: int = 1
    wants: Callable[[ChangeEvent], bool] = lambda _event: True
    internal: bool = False
    test: Callable[[], str] | None = None

    def __post_init__(self) -> None:
        if self.name == "audit" or not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a sink's name")

    def takes(self, event: ChangeEvent) -> bool:
        """Whether the event is delivered, not skipped."""
        hidden = event.kind == "internal" or event.product_id.startswith(RESERVED)
        return (self.internal or not hidden) and self.wants(event)
