"""A selection of events is what the options of `stockpulse audit` say. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent, data_of
from app.web.pages.event_rows import who

P = TypeVar("P")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FIRST, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


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


def moment_of(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The time that an option says: a time before `now` such as `2h`, or a date and time.

    A time without an offset is in `zone`; a date is its midnight.

    Raises:
        ValueError: it is neither.

    """
    try:
        if (match := re.fullmatch(r"([0-9]{1,9})([smhdw])", text)) is not None:
            moment = now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        if _FIRST <= moment.astimezone(UTC) < _END:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        "must be a time before now such as 90s, 15m, 2h, 7d or 2w, a date such as 2026-11-28, or a "
        f"time such as 2026-11-28T09:30 (in {zone.key}) or 2026-11-28T09:30+01:00"
    )
