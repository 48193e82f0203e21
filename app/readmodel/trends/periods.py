"""A period is cut into buckets: quarters, hours, days or weeks of the shop's time zone. Pure.

Days and hours begin where they do on the wall: a day has 23 to 25 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from app.readmodel.trends.contributions import QUARTER

BucketName = Literal["15m", "hour", "day", "week"]
BUCKETS: tuple[BucketName, ...] = get_args(BucketName)
RangeName = Literal["24h", "7d", "30d", "90d", "365d"]
MOST_BUCKETS = 400
_SHORTEST = {"15m": QUARTER, "hour": 1800, "day": 23 * 3600, "week": 167 * 3600}  # seconds
LONGEST = timedelta(weeks=MOST_BUCKETS - 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Consecutive buckets; `bounds` are the quarters at which they begin, and the end."""

    bucket: BucketName
    bounds: tuple[int, ...]
    zone: ZoneInfo

    @property
    def first(self) -> int:
        """The first quarter."""
        return self.bounds[0]

    @property
    def end(self) -> int:
        """The first quarter behind the period."""
        return self.bounds[-1]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The first quarter of each bucket, and the first behind it."""
        return list(pairwise(self.bounds))


def start_of(quarter: int) -> datetime:
    """When a quarter begins."""
    return datetime.fromtimestamp(quarter * QUARTER, UTC)


def since_of(name: RangeName, now: datetime, zone: ZoneInfo) -> datetime:
    """When a named range begins: 24 hours ago, or with the first of so many days up to today."""
    if name == "24h":
        return now - timedelta(hours=24)
    today = now.astimezone(zone).date()
    return _midnight(today - timedelta(days=int(name[:-1]) - 1), zone)


def shortest_bucket(since: datetime, until: datetime) -> BucketName:
    """The shortest bucket of which the period has no more than a chart can show."""
    return next(name for name in BUCKETS if fits(since, until, name))


def fits(since: datetime, until: datetime, bucket: BucketName) -> bool:
    """Whether the period, of at most `LONGEST`, has few enough buckets."""
    return (until - since).total_seconds() / _SHORTEST[bucket] <= MOST_BUCKETS - 2


def period(since: datetime, until: datetime, bucket: BucketName, zone: ZoneInfo) -> Period:
    """The whole buckets from that of `since` to that of `until`, which is behind it."""
    bounds: list[int] = []
    for moment in _starts(since, bucket, zone):
        quarter = int(moment.timestamp()) // QUARTER
        if not bounds or quarter > bounds[-1]:
            bounds.append(quarter)
        if moment >= until:
            break
    return Period(bucket, tuple(bounds), zone)


def clipped(found: Period, first: int, end: int) -> Period:
    """The period from quarter `first` up to `end`: its first and last buckets may be parts."""
    inner = [one for one in found.bounds if first < one < end]
    return Period(found.bucket, (first, *inner, end), found.zone)


def quarter_behind(moment: datetime) -> int:
    """The first quarter that begins after a moment."""
    return int(moment.timestamp()) // QUARTER + 1


def hours_before(first: int, end: int) -> tuple[int, int]:
    """The quarters of the equally long time before these."""
    return first - (end - first), first


def days_before(first: int, end: int, zone: ZoneInfo) -> tuple[int, int]:
    """The quarters of as many days before these, up to the same time of day.

    `first` begins a day; the last day may be a part, and is then compared with the same part.
    """
    begin = start_of(first).astimezone(zone).date()
    local = start_of(end).astimezone(zone)
    days = (start_of(end - 1).astimezone(zone).date() - begin).days + 1
    then = local.replace(tzinfo=None) - timedelta(days=days)
    behind = int(then.replace(tzinfo=zone).timestamp()) // QUARTER
    return quarter_of(begin - timedelta(days=days), zone), min(behind, first)


def days_within(first: int, end: int, zone: ZoneInfo) -> tuple[date, date] | None:
    """The days that lie whole within these quarters: the first, and the one behind the last."""
    begin = start_of(first).astimezone(zone).date()
    if quarter_of(begin, zone) < first:
        begin += timedelta(days=1)
    last = start_of(end).astimezone(zone).date()
    return (begin, last) if begin < last else None


def quarter_of(day: date, zone: ZoneInfo) -> int:
    """The quarter at which a day begins."""
    return int(_midnight(day, zone).timestamp()) // QUARTER


def _starts(since: datetime, bucket: BucketName, zone: ZoneInfo) -> Iterator[datetime]:
    """The starts of buckets, from that of `since` on, without end."""
    if bucket in {"day", "week"}:
        day = since.astimezone(zone).date()
        step = timedelta(days=7 if bucket == "week" else 1)
        day -= timedelta(days=day.weekday() if bucket == "week" else 0)
        while True:
            yield _midnight(day, zone)
            day += step
    quarter = int(since.timestamp()) // QUARTER
    if bucket == "hour":
        while not _begins_hour(quarter, zone):
            quarter -= 1
    while True:
        yield start_of(quarter)
        quarter += 1
        while bucket == "hour" and not _begins_hour(quarter, zone):
            quarter += 1


def _begins_hour(quarter: int, zone: ZoneInfo) -> bool:
    """Whether the wall clock shows another hour than a quarter before, or was set."""
    now, ago = (start_of(one).astimezone(zone) for one in (quarter, quarter - 1))
    return (now.hour, now.utcoffset()) != (ago.hour, ago.utcoffset())


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
