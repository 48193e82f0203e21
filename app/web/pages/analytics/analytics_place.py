"""What the Analytics page shows is in its address, so that each link keeps the rest. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.readmodel.trends.periods import (
    BucketName,
    Period,
    clipped,
    days_before,
    hours_before,
    period,
    quarter_behind,
    quarter_of,
    since_of,
)
from app.readmodel.trends.rankings import Measure
from app.web.errors import InvalidRequest

NamedRange = Literal["24h", "7d", "30d"]
RANGES: tuple[NamedRange, ...] = get_args(NamedRange)
USUAL: NamedRange = "30d"
MEASURES: tuple[Measure, ...] = get_args(Measure)
LONGEST = 1096  # days of a period of one's own, so that the tables have an end
_MOST_HOURS, _MOST_DAYS = 2, 92  # days that are cut into hours, and into days; others into weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsPlace:
    """The period, the category (empty for all), the unit of the movement, the order of the movers.

    `first` and `last` are days as people write them, in place of `range`. `unit` is None for the
    one with the most changes, and empty for products without a unit.
    """

    path: str
    range: NamedRange = USUAL
    first: str = ""
    last: str = ""
    category: str = ""
    unit: str | None = None
    by: Measure = "sold"

    def address(self, **changes: Any) -> str:
        """The address of the same page with these changes."""
        other = replace(self, **changes)
        given: Mapping[str, str | None] = {
            "range": other.range if other.range != USUAL and not other.first else None,
            "from": other.first or None,
            "to": other.last or None,
            "category": other.category or None,
            "unit": other.unit,
            "by": other.by if other.by != "sold" else None,
        }
        query = urlencode(
            {name: value for name, value in given.items() if value is not None},
            errors="surrogatepass",
        )
        return f"{self.path}?{query}" if query else self.path

    def of_range(self, name: NamedRange) -> str:
        """The address of a named range."""
        return self.address(range=name, first="", last="")

    def without_days(self) -> "AnalyticsPlace":
        """The same page with its named range."""
        return replace(self, first="", last="")


@dataclass(frozen=True, slots=True)
class ShownPeriod:
    """The period that is shown, up to quarter `until`, and the quarters that it is compared with.

    `until` is the end of the period, or behind now.
    """

    period: Period
    until: int
    before: tuple[int, int]


def shown_period(place: AnalyticsPlace, now: datetime, zone: ZoneInfo) -> ShownPeriod:
    """The period that a place names.

    Raises:
        InvalidRequest: its days are not days, in the wrong order, in the future, or too many.

    """
    if not place.first and not place.last:
        bucket: BucketName = "hour" if place.range == "24h" else "day"
        found = period(since_of(place.range, now, zone), now, bucket, zone)
    else:
        found = _of_days(*_days(place, now.astimezone(zone).date()), zone)
    until = min(found.end, quarter_behind(now))
    if place.range == "24h" and not place.first:
        return ShownPeriod(found, until, hours_before(found.first, until))
    return ShownPeriod(found, until, days_before(found.first, until, zone))


def _days(place: AnalyticsPlace, today: date) -> tuple[date, date]:
    """The first and the last day; the last one is today if it is missing or later."""
    if not place.first:
        raise _invalid("from", "is missing: choose the first day, too")
    first = _day("from", place.first)
    last = min(today, _day("to", place.last)) if place.last else today
    if first > today:
        raise _invalid("from", "must not be in the future")
    if first > last:
        raise _invalid("from", "must not be after the last day")
    if (last - first).days >= LONGEST:
        raise _invalid("from", f"must be at most {LONGEST} days before the last day")
    return first, last


def _of_days(first: date, last: date, zone: ZoneInfo) -> Period:
    days = (last - first).days + 1
    bucket: BucketName = "hour" if days <= _MOST_HOURS else "day" if days <= _MOST_DAYS else "week"
    begin, behind = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (first, last + timedelta(days=1))
    )
    whole = period(begin, behind, bucket, zone)
    # Weeks begin on Mondays: the sums are those of the chosen days, not of whole weeks.
    return clipped(whole, quarter_of(first, zone), quarter_of(last + timedelta(days=1), zone))


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _invalid(name, "is no day: write it as 2026-01-31") from None
    if not 1971 <= day.year <= 8999:  # times around it can be computed in every zone
        raise _invalid(name, "is too far away")
    return day


def _invalid(name: str, detail: str) -> InvalidRequest:
    word = {"from": "The first day", "to": "The last day"}[name]
    return InvalidRequest(
        f"{word} {detail}.", extra={"errors": [{"pointer": f"?{name}", "detail": detail}]}
    )
