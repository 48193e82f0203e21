"""The last hour in numbers covers only what was loaded, and says since when that is complete.

Pure. `static/live/tiles.js` goes on from these minutes in the browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.web.pages.event_rows import is_outside

WINDOW = 60  # minutes


@dataclass(slots=True)
class Counts:
    """Changes, units that came and went, changes made outside."""

    changes: int = 0
    units_in: int = 0
    units_out: int = 0
    outside: int = 0

    def add(self, data: Mapping[str, Any]) -> None:
        """Count one event."""
        delta = data["delta"] or 0
        self.changes += 1
        self.units_in += max(delta, 0)
        self.units_out += max(-delta, 0)
        self.outside += is_outside(data)


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


def tiles_of(events: Sequence[Mapping[str, Any]], now: datetime, *, complete: bool) -> Tiles:
    """Tiles of the newest events' data (`data_of`); `complete`: there are no older ones."""
    start = now - timedelta(minutes=WINDOW)
    total = Counts()
    minutes: dict[int, Counts] = {}
    moments = [datetime.fromisoformat(data["occurred_at"]) for data in events]
    for data, moment in zip(events, moments, strict=True):
        # A gap or what was reconciled is no change that was seen, and it may turn out void.
        if moment <= start or data["kind"] in {"gap", "reconciled"}:
            continue
        total.add(data)
        number = min(moment, now).timestamp() // 60
        minutes.setdefault(int(number), Counts()).add(data)
    oldest = min(moments, default=None)
    covered = complete or oldest is None or oldest <= start
    return Tiles(
        total,
        [Minute(number, counts) for number, counts in sorted(minutes.items())],
        None if covered else oldest,
    )
