"""The figures of the Analytics page, all read from one state of the copy."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.readmodel.trends import series
from app.readmodel.trends.periods import Period, period, start_of
from app.readmodel.trends.rankings import ProductTrend, Window
from app.readmodel.trends.series import Movement, Rate, Sum, Unit
from app.web.pages.analytics.analytics_place import AnalyticsPlace, NamedRange, ShownPeriod
from app.web.pages.analytics.movement_groups import by_unit
from app.web.services import Services

LISTED = 10  # products of a list
_MOST_DAYS = 3650  # for which a list of products that were not sold can be asked
_WINDOWS: dict[NamedRange, Window] = {"7d": 7, "30d": 30}
_DAYS: dict[NamedRange, int] = {"24h": 1, "7d": 7, "30d": 30}


@dataclass(frozen=True, slots=True)
class Before:
    """The sums of the period before. `missing` says why they are not known; empty if they are."""

    units: dict[Unit, Sum]
    events: int
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page shows.

    `values`: the value of the stock at the start of each bucket, and at the end. `movers_period`:
    the whole days of `movers`. `not_sold_days`: for how many days the products of `not_sold` were
    not.
    """

    movement: Movement
    rates: list[Rate]
    values: list[tuple[datetime, Decimal | None]]
    before: Before
    movers: list[ProductTrend]
    movers_period: Period
    not_sold: list[ProductTrend]
    not_sold_days: int
    recorded_since: datetime | None
    known_since: datetime | None


def read_figures(
    services: Services, place: AnalyticsPlace, shown: ShownPeriod, now: datetime
) -> Figures:
    """The figures of a place.

    Raises:
        ReadModelFilling: the copy does not have all events yet.
        StoreUnavailable: the copy cannot be read now.

    """
    model, found = services.read_model, shown.period
    category = place.category or None
    window = None if place.first else _WINDOWS.get(place.range)
    days = _days_since(start_of(found.first), now) if place.first else _DAYS[place.range]
    with model.figures() as connection:
        recorded = series.recorded_since(connection)
        known = series.known_since(connection)
        earlier = Period(found.bucket, shown.before, found.zone)
        rates_before = series.event_rate(connection, earlier, category)
        moved_before = series.movement(connection, earlier, category, None)
        if window is not None:
            movers = model.rankings.top_movers(
                connection, now, window, place.by, category, LISTED, None
            ).items
        else:
            movers = model.rankings.movers_of_days(
                connection, _days_of(found), place.by, category, LISTED
            )
        return Figures(
            series.movement(connection, found, category, None),
            series.event_rate(connection, found, category),
            series.stock_value(connection, found, now, category)[0],
            Before(
                by_unit(moved_before.reasons),
                sum(rate.events for rate in rates_before),
                missing_before(shown, recorded, known),
            ),
            movers,
            whole_days(found),
            model.rankings.not_sold(connection, now, days, category, LISTED, None).items,
            days,
            recorded,
            known,
        )


def missing_before(shown: ShownPeriod, recorded: datetime | None, known: datetime | None) -> str:
    """Why the period before cannot be compared; empty if it can. Pure."""
    first, end = map(start_of, shown.before)
    if recorded is None or recorded >= end:
        return "no data before"
    if recorded > first:
        return "not recorded in full before"
    if known is not None and known > first:
        return "not known in full before"
    return ""


def _days_since(first: datetime, now: datetime) -> int:
    return min(_MOST_DAYS, math.ceil((now - first) / timedelta(days=1)))


def whole_days(found: Period) -> Period:
    """The days that a period touches, as one bucket each."""
    return period(start_of(found.first), start_of(found.end), "day", found.zone)


def _days_of(found: Period) -> tuple[int, int]:
    """The number of the period's first day, and of the one behind its last."""
    first, last = (
        start_of(one).astimezone(found.zone).toordinal() for one in (found.first, found.end - 1)
    )
    return first, last + 1
