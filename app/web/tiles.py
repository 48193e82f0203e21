"""The last hour in numbers covers only what was loaded, and says since when that is complete.

Pure. `static/live/tiles.js` goes on from these minutes in the browser.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.events import ChangeEvent, data_of
from app.web.presentation import is_outside

WINDOW = 60  # minutes


@dataclass(slots=True)
class Counts:
    """Changes, units that came and went, changes made outside."""

    changes: int = 0
    units_in: int = 0
    units_out: int = 0
    outside: int = 0

    def add(self, event: ChangeEvent) -> None:
        """Count one event."""
        delta = event.delta or 0
        self.changes += 1
        self.units_in += max(delta, 0)
        self.units_out += max(-delta, 0)
        self.outside += is_outside(data_of(event, with_images=False))


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute's counts; `number` is minutes since 1970."""

    number: int
    counts: Counts

    @property
    def start(self) -> datetime:
        """When the minute begins."""
        return datetime.fromtimestamp(self.number * 60, UTC)


@dataclass(frozen=True, slots=True)
class Tiles:
    """The totals, their minutes (only those with changes, oldest first), and what they cover."""

    total: Counts
    minutes: list[Minute]
    since: datetime | None  # None: the whole hour is covered


def tiles_of(events: Sequence[ChangeEvent], now: datetime, *, complete: bool) -> Tiles:
    """Tiles of the newest events; `complete` tells that there are no older ones."""
    start = now - timedelta(minutes=WINDOW)
    total = Counts()
    minutes: dict[int, Counts] = {}
    for event in _within(events, start):
        if event.kind in {"gap", "reconciled"}:  # no change that was seen; it may turn out void
            continue
        total.add(event)
        number = min(event.occurred_at, now).timestamp() // 60
        minutes.setdefault(int(number), Counts()).add(event)
    oldest = min((event.occurred_at for event in events), default=None)
    covered = complete or oldest is None or oldest <= start
    return Tiles(
        total,
        [Minute(number, counts) for number, counts in sorted(minutes.items())],
        None if covered else oldest,
    )


def _within(events: Iterable[ChangeEvent], start: datetime) -> Iterable[ChangeEvent]:
    return (event for event in events if event.occurred_at > start)
