"""A sink is a name and a function that returns rejected events, and raises if it is down.

Delivery is at least once. The first delivery of a product's events keeps their order; a duplicate
may come later. So a sink that holds state deduplicates by event id, or applies only a greater event
key per product.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.core.events import RESERVED, ChangeEvent
from app.store.feed.cursor import Cursor
from worker.consumers.files.windows import Files

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Rejected(NamedTuple):
    """An event that the sink can never accept, and the reason. It becomes a dead letter."""

    event: ChangeEvent
    error: str


class Unavailable(Exception):
    """The receiver is unreachable or asks to wait; the same events are delivered again.

    `retry_after`: seconds that the receiver asks to wait, None if it names none. `delivered`: how
    many events were accepted, counted from the first of the call.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, delivered: int = 0
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.delivered = delivered


class PauseSink(Unavailable):
    """The receiver wants no more events; the sink is paused until an admin resumes it."""


Deliver = Callable[[Sequence[ChangeEvent]], Sequence[Rejected]]

# An event and its place in the timeline; None if a dead letter of it is delivered again.
Placed = tuple[Cursor | None, ChangeEvent]


@dataclass(frozen=True, slots=True)
class Sink:
    """What a consumer delivers to.

    `deliver` gets up to `batch_size` events, each product's in order, and returns those that it
    rejects. A call must return well within the lease time of 10 s. Up to `parallelization_factor`
    calls run in parallel, never two with the same product. `wants` is the filter: other events are
    skipped. `poll`: the seconds between two reads without a hint, for what another process wrote.
    `internal`: deliver `internal` events and shard gaps, too. `test` sends one test
    message and returns a sentence about the response; it raises Unavailable or PauseSink if the
    message was not accepted. `check` compares what the receiver holds with the truth: it yields a
    sentence for each difference, and "" for each thousand or so that were compared without one, to
    show progress. It raises Unavailable if the receiver cannot be read. `rebuild` requests that a
    worker makes the receiver's state again from the products table, and returns a sentence about
    it; it raises Unavailable if the request was not accepted. `clock` is called between reads, for
    what depends on time: with a time in ms since 1970 up to which every event was delivered. It
    returns the seconds until it has to be called again; if it raises an error, it is called again
    after `poll`. It may run beside `deliver`, and just after the lease was lost. `deliver_placed`
    is called in place of `deliver`, with the events' places. With `files`, the sink takes events
    as whole files (`worker.consumers.files.windows`), and `deliver` gets only redriven dead
    letters. `left` is called when the lease is given up or lost: then nothing of the sink may run
    any more. `begins` is called when a sink has no cursor yet: it returns the ms since 1970 from
    which the sink must have events, or None to begin now; it raises StoreUnavailable if that is
    not known, and is then called again.
    """

    name: str
    deliver: Deliver
    batch_size: int = 100
    batching_window: float = 0.0
    parallelization_factor: int = 1
    wants: Callable[[ChangeEvent], bool] = lambda _event: True
    poll: float = 5.0
    internal: bool = False
    test: Callable[[], str] | None = None
    check: Callable[[], Iterator[str]] | None = None
    rebuild: Callable[[], str] | None = None
    clock: Callable[[int], float] | None = None
    files: Files | None = None
    deliver_placed: Callable[[Sequence[Placed]], Sequence[Rejected]] | None = None
    left: Callable[[], None] | None = None
    begins: Callable[[], int | None] | None = None

    def __post_init__(self) -> None:
        if self.name == "audit" or not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a valid sink name")

    def takes(self, event: ChangeEvent) -> bool:
        """Whether the event is delivered; if not, it is skipped."""
        hidden = event.kind == "internal" or event.product_id.startswith(RESERVED)
        return (self.internal or not hidden) and self.wants(event)


def sink_of(name: str, loaded: Any) -> Sink:
    """The sink of an object of another package: a function that delivers, or a `Sink`.

    Raises:
        ValueError: it is neither, or the name is not valid.

    """
    if isinstance(loaded, Sink):
        return replace(loaded, name=name)
    if callable(loaded):
        return Sink(name, loaded)
    raise ValueError(
        f"{name} is a {type(loaded).__name__}: it must be a function of a list of events, or a Sink"
    )
