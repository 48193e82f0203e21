"""What the consumers of one process share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.core.events import ChangeEvent
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from app.store.sinks.sink_cursors import SinkCursors
from app.store.timeline.tail import Tail
from worker.consumers.retry_policy import RetryPolicy


@dataclass(frozen=True, slots=True)
class Shared:
    """What the consumers of one process share.

    `event` reads one event from the audit. `start`: where a new sink begins, None for now.
    `retention`: how long events are kept, None for ever.
    """

    tail: Tail
    rows: SinkCursors
    letters: DeadLetters
    event: Callable[[EventRef], ChangeEvent | None]
    policy: RetryPolicy
    start: Cursor | None = None
    retention: timedelta | None = None
