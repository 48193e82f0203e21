"""The tiles count the changes of the last hour, and say since when the count is complete.

The read model has the whole hour. While it is being filled, the loaded changes are counted. No I/O.
`static/live/tiles.js` continues these counts in the browser.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.numbers import total, with_unit
from app.readmodel.trends.last_hour import MinuteSum
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

    def add(self, data: Mapping[str, Any], sign: int = 1) -> None:
        """Count one event; with a `sign` of -1, take it back."""
        delta = Decimal(str(data["delta"] or 0)) if data["kind"] == "stock_changed" else _NONE
        self.changes += sign
        self.units_in = total(self.units_in, max(delta, _NONE) * sign)
        self.units_out = total(self.units_out, max(-delta, _NONE) * sign)
        self.outside += is_outside(data) * sign
        if delta:
            self.units.add(data.get("unit") or "")

    def add_sum(self, one: MinuteSum) -> None:
        """Count the events of a sum."""
        self.changes += one.changes
        self.units_in = total(self.units_in, one.units_in)
        self.units_out = total(self.units_out, one.units_out)
        self.outside += one.outside
        if one.units_in or one.units_out:
            self.units.add(one.unit)

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
        if moment <= start or not _is_counted(data):
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


def tiles_of_sums(
    sums: Iterable[MinuteSum],
    now: datetime,
    *,
    missing: Iterable[Mapping[str, Any]],
    later: Iterable[Mapping[str, Any]],
) -> Tiles:
    """Tiles from the read model's minutes of the hour.

    `missing` are the data of events that it lacks yet, `later` of those that it has, but that the
    page's stream sends.
    """
    last = int(now.timestamp()) // 60
    minutes: dict[int, Counts] = {}
    for one in sums:
        minutes.setdefault(min(one.minute, last), Counts()).add_sum(one)
    for some, sign in ((missing, 1), (later, -1)):
        for data in some:
            moment = datetime.fromisoformat(data["occurred_at"])
            number = min(int(moment.timestamp()) // 60, last)
            if _is_counted(data) and number >= first_minute(now):
                minutes.setdefault(number, Counts()).add(data, sign)
    whole = Counts()
    for counts in minutes.values():
        whole.changes += counts.changes
        whole.units_in = total(whole.units_in, counts.units_in)
        whole.units_out = total(whole.units_out, counts.units_out)
        whole.outside += counts.outside
        whole.units |= counts.units
    return Tiles(whole, [Minute(number, one) for number, one in sorted(minutes.items())], None)


def first_minute(now: datetime) -> int:
    """The first minute of the hour, counted from 1970."""
    return int(now.timestamp()) // 60 - WINDOW + 1


def _is_counted(data: Mapping[str, Any]) -> bool:
    """Gap and reconciled entries are not observed changes, and a reconciled one may become void."""
    return data["kind"] not in {"gap", "reconciled", "internal"}
