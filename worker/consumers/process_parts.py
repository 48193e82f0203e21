"""What the consumers of one process share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.events import ChangeEvent
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from app.store.sinks.sink_cursors import SinkCursors
from app.store.timeline.tail import Tail
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.sink import Sink


@dataclass(frozen=True, slots=True)
class SinkPlan:
    """Which sinks read the log, and how.

    `start`: where a new sink begins, None for now. `retention`: how long events are kept, None for
    ever.
    """

    sinks: Sequence[Sink] = ()
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    start: Cursor | None = None
    retention: timedelta | None = None

    def __post_init__(self) -> None:
        if len({sink.name for sink in self.sinks}) < len(self.sinks):
            raise ValueError("two sinks have the same name")


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that all consumers use; `event` reads one event from the audit."""

    tail: Tail
    rows: SinkCursors
    letters: DeadLetters
    event: Callable[[EventRef], ChangeEvent | None]
    plan: SinkPlan
