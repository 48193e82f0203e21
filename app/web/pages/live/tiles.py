"""The tiles show the stock now and the changes of the last hour. No I/O.

The read model has both. While it is being filled, only the loaded changes are counted, and the
tiles say since when. `static/live/tiles.js` continues them in the browser.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from app.core.events import rfc3339
from app.core.numbers import digits, json_number, total, with_unit
from app.readmodel.trends.last_hour import StockSums
from app.store.dynamodb.products_table import BOTH_IMAGES
from app.web.pages.rows.stock_level import LevelNames, is_low, unit_of

WINDOW = 60  # minutes
MOST_UNITS = 5  # that the tile of the stock lists; static/live/tileboard.js lists as many
_SYNTHETIC = {"gap", "reconciled", "internal"}
_NO_BEFORE, _NO_AFTER = {"INSERT", "inserted"}, {"REMOVE", "deleted", "expired"}


class Effect(NamedTuple):
    """What one event adds to the tiles: a change at a time, products, stock by unit, low, out."""

    at: datetime
    changes: int
    products: int = 0
    units: Mapping[str, Decimal] = MappingProxyType({})
    low: int = 0
    out: int = 0


def effect_of(data: Mapping[str, Any], names: LevelNames) -> Effect:
    """The effect of an event's data with its images.

    A product that is older than its recording was counted before it was recorded.
    """
    kind, at = data["kind"], datetime.fromisoformat(data["occurred_at"])
    changes = int(kind not in _SYNTHETIC)
    if kind in {"gap", "internal"} or (kind == "reconciled" and data["sequence_number"] == "0"):
        return Effect(at, changes)
    what = data["event_name"] if kind == "reconciled" else kind
    products = (what not in _NO_AFTER) - (what not in _NO_BEFORE)
    if data["view_type"] != BOTH_IMAGES:  # the stock is unknown on one side
        return Effect(at, changes, products)
    before, after = _number(data["stock_before"]), _number(data["stock_after"])
    was_low, now_low = (is_low(data[f"stock_{w}"], data[w], names) for w in ("before", "after"))
    units: dict[str, Decimal] = {}
    for image, stock in ((data["before"], -(before or 0)), (data["after"], after or 0)):
        unit = unit_of(image, data["unit"], names)
        units[unit] = total(units.get(unit, Decimal(0)), Decimal(stock))
    return Effect(
        at,
        changes,
        products,
        {unit: change for unit, change in units.items() if change},
        now_low - was_low,
        (after is not None and after <= 0) - (before is not None and before <= 0),
    )


@dataclass(frozen=True, slots=True)
class Tiles:
    """The numbers of the tiles.

    `minutes` (counted from 1970) have their changes, `delays` their longest delay in ms. `since`:
    when the count of changes begins; None if it covers the hour. `stock` is None while unknown.
    """

    minutes: dict[int, int]
    delays: dict[int, int]
    since: datetime | None = None
    stock: StockSums | None = None

    @property
    def changes(self) -> int:
        """The changes of the hour."""
        return sum(self.minutes.values())

    @property
    def worst_delay(self) -> float | None:
        """The longest delay of the hour, in seconds; None without a change."""
        return max(self.delays.values()) / 1000 if self.delays else None

    @property
    def in_stock(self) -> list[str]:
        """The stock of each unit in words: quantities of two units are never added up."""
        if self.stock is None:
            return []
        sums = list((self.stock.units or {"": Decimal(0)}).items())
        shown = [with_unit(f"{Decimal(digits(one)):,}", unit) for unit, one in sums[:MOST_UNITS]]
        more = len(sums) - MOST_UNITS  # other programs may write any text as a unit
        return [*shown, f"and {more:,} more"] if more > 0 else shown

    def line(self, now: datetime, height: int) -> str:
        """The changes by minute as an SVG path, one unit wide each, and so high at most."""
        last = int(now.timestamp()) // 60
        counts = [self.minutes.get(last - WINDOW + 1 + n, 0) for n in range(WINDOW)]
        most = max(4, *counts)
        return "M" + "L".join(f"{x} {height - height * n / most:.1f}" for x, n in enumerate(counts))

    def for_script(self, now: datetime) -> dict[str, Any]:
        """What the script continues."""
        stock = self.stock
        return {
            "now": rfc3339(now),
            "since": rfc3339(self.since) if self.since else None,
            "minutes": sorted(self.minutes.items()),
            "delays": sorted(self.delays.items()),
            "stock": None
            if stock is None
            else {
                "products": stock.products,
                "units": [[unit, json_number(sum_of)] for unit, sum_of in stock.units.items()],
                "low": stock.low,
                "out": stock.out,
            },
        }


def tiles_of(effects: Sequence[Effect], now: datetime, *, complete: bool) -> Tiles:
    """Tiles from the newest events alone; `complete`: there are no older events."""
    start = now - timedelta(minutes=WINDOW)
    minutes: dict[int, int] = {}
    _add(minutes, [one for one in effects if one.at > start], now)
    oldest = min((one.at for one in effects), default=None)
    covered = complete or oldest is None or oldest <= start
    return Tiles(minutes, {}, None if covered else oldest)


def tiles_of_sums(
    minutes: Iterable[tuple[int, int]],
    delays: Mapping[int, int],
    stock: StockSums,
    now: datetime,
    *,
    missing: Sequence[Effect],
    later: Sequence[Effect],
) -> Tiles:
    """Tiles from the read model's sums.

    `missing` are the effects of events that it lacks yet, `later` of those that it has, but that
    the page's stream sends.
    """
    last = int(now.timestamp()) // 60
    counted: dict[int, int] = {}
    for minute, changes in minutes:
        counted[min(minute, last)] = counted.get(min(minute, last), 0) + changes
    for effects, sign in ((missing, 1), (later, -1)):
        _add(counted, effects, now, sign)
        units = dict(stock.units)
        for one in effects:
            for unit, change in one.units.items():
                units[unit] = total(units.get(unit, Decimal(0)), sign * change)
        stock = StockSums(
            stock.products + sign * sum(one.products for one in effects),
            units,
            stock.low + sign * sum(one.low for one in effects),
            stock.out + sign * sum(one.out for one in effects),
        )
    return Tiles(counted, dict(delays), None, stock)


def first_minute(now: datetime) -> int:
    """The first minute of the hour, counted from 1970."""
    return int(now.timestamp()) // 60 - WINDOW + 1


def _add(minutes: dict[int, int], effects: Iterable[Effect], now: datetime, sign: int = 1) -> None:
    """Count changes; the clocks differ a little, and one of the future counts as now."""
    last = int(now.timestamp()) // 60
    for one in effects:
        minute = min(int(one.at.timestamp()) // 60, last)
        if one.changes and minute >= first_minute(now):
            minutes[minute] = minutes.get(minute, 0) + sign


def _number(value: float | str | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
