"""What a consumer may deliver now, as one read of the timeline has found it."""

from dataclasses import dataclass, field

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from app.store.timeline.recent_rows import BEGINNING


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to deliver, and its cursor."""

    cursor: Cursor
    event: ChangeEvent


@dataclass(frozen=True, slots=True)
class Batch:
    """What a consumer may deliver now, in order.

    `damaged`: events whose audit entry cannot be read, with the error. `absent`: cursors whose
    event never got an entry; it arrives again under another cursor. `pending`: there are more
    events, but they are not ready. `edge`: every row up to this cursor was read, and no other can
    appear.
    """

    entries: list[Entry] = field(default_factory=list)
    damaged: list[tuple[Cursor, EventRef, str]] = field(default_factory=list)
    absent: list[Cursor] = field(default_factory=list)
    pending: bool = False
    edge: Cursor = BEGINNING

    @property
    def found(self) -> bool:
        """Whether the batch has anything to process."""
        return bool(self.entries or self.damaged or self.absent)
