"""The tiles count the loaded changes of the last hour, and say since when the count is complete.

No I/O. `static/live/tiles.js` continues these counts in the browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.numbers import total, with_unit
from app.web.pages.event_rows import is_outside

WINDOW = 60  # minutes
MIXED = "mixed"
_NONE = Decimal(0)


@dataclass(slots=True)
class Counts:
    """Changes, units in and out, and changes made outside Stockpulse.

    `units` are the units of the quantities in and out; "" stands for none.
    """

    changes: int = 0
    units_in: Decimal = _NONE
    units_out: Decimal = _NONE
    outside: int = 0
    units: set[str] = field(default_factory=set)

    def add(self, data: Mapping[str, Any]) -> None:
        """Count one event."""
        delta = Decimal(str(data["delta"] or 0)) if data["kind"] == "stock_changed" else _NONE
        self.changes += 1
        self.units_in = total(self.units_in, max(delta, _NONE))
        self.units_out = total(self.units_out, max(-delta, _NONE))
        self.outside += is_outside(data)
        if delta:
            self.units.add(data.get("unit") or "")

    def amount(self, number: Decimal) -> str:
        """A sum with its unit; different units have no sum."""
        if len(self.units) > 1:
            return MIXED
        return with_unit(f"{number:,}", next(iter(self.units), None))


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
    """The totals, the minutes that have changes (oldest first), and the start of the count."""

    total: Counts
    minutes: list[Minute]
    since: datetime | None  # None: the whole hour is covered


def tiles_of(events: Sequence[Mapping[str, Any]], now: datetime, *, complete: bool) -> Tiles:
    """Tiles from the newest events' data (`data_of`); `complete`: there are no older events."""
    start = now - timedelta(minutes=WINDOW)
    total = Counts()
    minutes: dict[int, Counts] = {}
    moments = [datetime.fromisoformat(data["occurred_at"]) for data in events]
    for data, moment in zip(events, moments, strict=True):
        # Gap and reconciled entries are not observed changes, and a reconciled one may become void.
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
