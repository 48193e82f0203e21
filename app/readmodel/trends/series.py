"""Movement, event rates and the value of the stock, from the sums of quarters and days."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import orjson

from app.readmodel.products.product_row import storable
from app.readmodel.trends.contributions import (
    ALL,
    CATEGORY,
    CATEGORY_VALUE,
    DAYS,
    EVENTS,
    MOVES,
    STILL,
    UNKNOWN_VALUE,
    VALUE,
    move_label,
    number_from,
)
from app.readmodel.trends.periods import Period, days_within, quarter_of, start_of

MOST_CATEGORIES = 100
_LAST = 2**40  # a quarter behind all others

_SUMS = "sum(events), sum(outside), sum(up), sum(down)"
_BY_BUCKET = f"""
SELECT span.key, label, unit, {_SUMS} FROM json_each(?) AS span CROSS JOIN trends
WHERE scope = ? AND start >= json_extract(span.value, '$[0]')
    AND start < json_extract(span.value, '$[1]')
"""  # noqa: S608 - constants
_BY_CATEGORY_OF_DAYS = f"""
SELECT label, unit, {_SUMS} FROM trends WHERE scope = ? AND start >= ? AND start < ?
GROUP BY label, unit
"""  # noqa: S608 - constants
# Only categories that have movement in the day have it in a part of the day.
_BY_CATEGORY_OF_QUARTERS = f"""
SELECT category, unit, {_SUMS} FROM
    (SELECT DISTINCT label AS category FROM trends WHERE scope = ? AND start IN (?, ?))
    CROSS JOIN trends
WHERE scope = ? || category AND start >= ? AND start < ? GROUP BY category, unit
"""  # noqa: S608 - constants


@dataclass(slots=True)
class Sum:
    """How many changes there were, and the units that they moved in and out."""

    changes: int = 0
    units_in: float = 0.0  # millionths
    units_out: float = 0.0

    def add(self, changes: int, units_in: float, units_out: float) -> None:
        """Add another sum."""
        self.changes += changes
        self.units_in += units_in
        self.units_out += units_out


Unit = str
Why = tuple[str, str]  # kind and reason; the reason is empty if none was sent


@dataclass(frozen=True, slots=True)
class Movement:
    """The sums of each bucket, of kinds and reasons, and of categories, each by unit.

    `cells` has those of kinds and reasons in each bucket. `categories` has the most that moved;
    `more_categories` says how many it leaves out.
    """

    buckets: list[dict[Unit, Sum]]
    reasons: dict[Why, dict[Unit, Sum]]
    cells: list[dict[Why, dict[Unit, Sum]]]
    categories: dict[str, dict[Unit, Sum]]
    more_categories: int = 0


@dataclass(slots=True)
class Rate:
    """The events of a bucket: how many, made outside Stockpulse, and of each kind."""

    events: int = 0
    outside: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


def movement(
    connection: sqlite3.Connection, period: Period, category: str | None, reason: str | None
) -> Movement:
    """What came in and went out in the period, of one category and for one reason, if given."""
    scope = ALL if category is None else CATEGORY + storable(category)
    labels = None if reason is None else [move_label(kind, reason) for kind in MOVES]
    buckets: list[dict[Unit, Sum]] = [{} for _ in period.spans]
    cells: list[dict[Why, dict[Unit, Sum]]] = [{} for _ in period.spans]
    reasons: dict[Why, dict[Unit, Sum]] = {}
    for number, label, unit, changes, _, up, down in _by_bucket(
        connection, scope, period.spans, labels
    ):
        kind, _, why = label.partition("/")
        of_reason = (of.setdefault((kind, why), {}) for of in (reasons, cells[number]))
        for sums in (buckets[number], *of_reason):
            sums.setdefault(unit, Sum()).add(changes, up, down)
    if category is not None or reason is not None:
        return Movement(buckets, reasons, cells, {})
    categories: dict[str, dict[Unit, Sum]] = {}
    for name, unit, changes, _, up, down in _by_category(connection, period):
        categories.setdefault(name, {}).setdefault(unit, Sum()).add(changes, up, down)
    most = sorted(categories, key=lambda name: (-_moved(categories[name].values()), name))
    shown = {name: categories[name] for name in most[:MOST_CATEGORIES]}
    return Movement(buckets, reasons, cells, shown, len(most) - len(shown))


def event_rate(
    connection: sqlite3.Connection, period: Period, category: str | None = None
) -> list[Rate]:
    """How many events each bucket has, of all products or of one category."""
    scopes = [EVENTS]
    if category is not None:
        scopes = [scope + storable(category) for scope in (CATEGORY, STILL)]
    rates = [Rate() for _ in period.spans]
    for scope in scopes:
        for number, label, _, events, outside, _, _ in _by_bucket(connection, scope, period.spans):
            rate, kind = rates[number], label.partition("/")[0]
            rate.events += events
            rate.outside += outside
            rate.kinds[kind] = rate.kinds.get(kind, 0) + events
    return rates


def stock_value(
    connection: sqlite3.Connection, period: Period, now: datetime, category: str | None = None
) -> tuple[list[tuple[datetime, Decimal | None]], datetime | None]:
    """The value at the start of each bucket and at the end, and since when it is known.

    Of all products, or of those that were in one category at the time.

    It goes back from the products of the copy. Before the first event, and before one that does not
    show what it changed, the value is None; the second result is `known_since`.
    """
    scope = VALUE if category is None else CATEGORY_VALUE + storable(category)
    (value,) = connection.execute(
        "SELECT total(value) FROM trend_products WHERE NOT deleted AND ifnull(category = ?, true)",
        (None if category is None else storable(category),),
    ).fetchone()
    known = known_since(connection)
    first = recorded_since(connection)
    spans = [*period.spans, (period.end, _LAST)]
    changes = [0.0] * len(spans)
    for number, _, _, _, _, up, down in _by_bucket(connection, scope, spans):
        changes[number] = up - down
    points: list[tuple[datetime, Decimal | None]] = []
    for (start, _), change in zip(reversed(spans), reversed(changes), strict=True):
        value -= change
        is_known = (known is None or start_of(start) >= known) and first is not None
        is_known = is_known and start_of(start) >= first  # type: ignore[operator]
        at = min(start_of(start), now)
        points.append((at, number_from(value) if is_known else None))
    return points[::-1], known


def known_since(connection: sqlite3.Connection) -> datetime | None:
    """When the newest quarter ends that has an event which does not show what it changed.

    Earlier figures may lack movement and sales. None without such an event.
    """
    (unknown,) = connection.execute(
        "SELECT max(start) FROM trends WHERE scope = ?", (UNKNOWN_VALUE,)
    ).fetchone()
    return None if unknown is None else start_of(unknown + 1)


def recorded_since(connection: sqlite3.Connection) -> datetime | None:
    """When the oldest quarter begins that has an event of the copy; None without events."""
    (first,) = connection.execute(
        "SELECT min(start) FROM trends WHERE scope = ?", (EVENTS,)
    ).fetchone()
    return None if first is None else start_of(first)


_Row = tuple[int, str, str, int, int, float, float]
_CategoryRow = tuple[str, str, int, int, float, float]


def _by_bucket(
    connection: sqlite3.Connection,
    scope: str,
    spans: Sequence[tuple[int, int]],
    labels: Sequence[str] | None = None,
) -> Iterable[_Row]:
    only = "" if labels is None else f"AND label IN ({', '.join('?' * len(labels))}) "
    return connection.execute(
        f"{_BY_BUCKET}{only}GROUP BY span.key, label, unit",
        (orjson.dumps(spans).decode(), scope, *(labels or ())),
    )


def _by_category(connection: sqlite3.Connection, period: Period) -> Iterable[_CategoryRow]:
    """The sums of the whole days in the period, and of the quarters before and behind these."""
    first, end, zone = period.first, period.end, period.zone
    whole = days_within(first, end, zone)
    if whole is None:
        yield from _by_category_of_quarters(connection, period, first, end)
        return
    begin, behind = (day.toordinal() for day in whole)
    yield from connection.execute(_BY_CATEGORY_OF_DAYS, (DAYS, begin, behind))
    yield from _by_category_of_quarters(connection, period, first, _quarter(begin, period))
    yield from _by_category_of_quarters(connection, period, _quarter(behind, period), end)


def _by_category_of_quarters(
    connection: sqlite3.Connection, period: Period, first: int, end: int
) -> Iterable[_CategoryRow]:
    """The sums of quarters of at most two days."""
    if first >= end:
        return ()
    days = [start_of(one).astimezone(period.zone).toordinal() for one in (first, end - 1)]
    return connection.execute(_BY_CATEGORY_OF_QUARTERS, (DAYS, *days, CATEGORY, first, end))


def _quarter(day: int, period: Period) -> int:
    return quarter_of(date.fromordinal(day), period.zone)


def _moved(sums: Iterable[Sum]) -> float:
    return sum(one.units_in + one.units_out for one in sums)
