"""How a bucket is called on an axis and in a table, and how a search names its time. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.readmodel.trends.periods import Period, quarter_of, start_of


@dataclass(frozen=True, slots=True)
class BucketLabel:
    """`short` is for an axis, `long` for a table; `created` is a search for exactly its time."""

    short: str
    long: str
    created: str


def labels_of(period: Period, today: date) -> list[BucketLabel]:
    """The labels of the period's buckets. Other years than that of `today` are named."""
    return [_label(period, start, end, today) for start, end in period.spans]


def created(first: int, end: int, zone: ZoneInfo) -> str:
    """The search for what happened from quarter `first` up to `end`: by days, if they are whole."""
    begin, behind = (start_of(one).astimezone(zone) for one in (first, end))
    if all(quarter_of(one.date(), zone) == at for one, at in ((begin, first), (behind, end))):
        last = (behind - timedelta(days=1)).date()
        days = begin.date().isoformat()
        return f"created:{days}" + (f"..{last.isoformat()}" if last > begin.date() else "")
    # A time to the second is the whole second, so this ends where the next bucket begins.
    last_second = (start_of(end) - timedelta(seconds=1)).astimezone(zone)
    return f"created:{begin.isoformat()}..{last_second.isoformat()}"


def span_text(begin: datetime, end: datetime, zone: ZoneInfo, today: date) -> str:
    """A time in words: `1 Nov – 28 Nov`, `1 Nov – 28 Nov 14:30`; days are whole ones."""
    begin, end = begin.astimezone(zone), end.astimezone(zone)
    first, last = _day(begin.date(), today), _day(end.date(), today)
    if begin.time() != time():
        first = f"{first} {begin:%H:%M}"
    elif end.time() == time():
        last = _day(end.date() - timedelta(days=1), today)
        return first if first == last else f"{first} – {last}"
    return f"{first} – {last} {end:%H:%M}"


def _label(period: Period, start: int, end: int, today: date) -> BucketLabel:
    zone = period.zone
    begin = start_of(start).astimezone(zone)
    search = created(start, end, zone)
    match period.bucket:
        case "week":
            last = start_of(end - 1).astimezone(zone).date()
            return BucketLabel(
                _short_day(begin.date(), today),
                f"{_day(begin.date(), today)} – {_day(last, today)}",
                search,
            )
        case "day":
            day = begin.date()
            return BucketLabel(_short_day(day, today), f"{day:%a} {_day(day, today)}", search)
        case _:
            # When clocks are set back, an hour is shown twice: the name of its time tells which.
            twice = begin.utcoffset() != begin.replace(fold=1 - begin.fold).utcoffset()
            clock = begin.strftime("%H:%M %Z" if twice else "%H:%M")
            long = f"{begin:%a} {_day(begin.date(), today)} {clock}"
            return BucketLabel(begin.strftime("%H:%M"), long, search)


def _day(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {day:%b}{year}"


def _short_day(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day:%y}"
    return f"{day.day} {day:%b}{year}"
