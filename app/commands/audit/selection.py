"""A selection of events is what the options of `stockpulse audit` say. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from app.core.events import ChangeEvent, data_of
from app.web.pages.event_rows import who

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events are wanted; an empty set, and None, admit every event.

    An actor is a name as the printed lines have it: `outside Stockpulse`, too.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def admits(self, event: ChangeEvent) -> bool:
        """Whether the event is wanted."""
        return (
            event.kind != "internal"
            and (self.since is None or event.occurred_at >= self.since)
            and (self.until is None or event.occurred_at <= self.until)
            and (not self.kinds or event.kind in self.kinds)
            and (not self.reasons or event.reason in self.reasons)
            and (not self.categories or event.category in self.categories)
            and (not self.actors or who(data_of(event, with_images=False)) in self.actors)
        )


def start_of(
    newest_first: Iterable[tuple[P, ChangeEvent]], selection: Selection, limit: int | None
) -> P | None:
    """The place of the `limit`-th newest wanted event, or else of the oldest; None if none is."""
    start, found = None, 0
    for place, event in newest_first:
        if selection.admits(event):
            start, found = place, found + 1
            if found == limit:
                break
    return start
