"""When a notice is sent: at once, with the next digest, or after the quiet hours. Pure.

Digests have fixed times (every N minutes from midnight, or once a day), so that nothing needs to be
remembered between them. Times of the day are the shop's: where the clock is set forward, a time
that does not exist is as much later; where it is set back, the first of the two counts.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.rules.rule import When

CAP = 10  # messages to one person in a minute; what comes beyond is one digest
_DAY = timedelta(days=1)


def next_send(when: When, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a notice of now is sent, in UTC; None: at once."""
    due = _due(when, now, zone)
    ends = quiet_until(when, due or now, zone)
    return ends or due


def quiet_until(when: When, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours in which a time is, in UTC; None if it is in none."""
    if when.quiet_from is None or when.quiet_to is None:
        return None
    begins, ends = time_of_day(when.quiet_from), time_of_day(when.quiet_to)
    clock = at.astimezone(zone).time()
    over_midnight = begins > ends
    is_quiet = (clock >= begins or clock < ends) if over_midnight else begins <= clock < ends
    if not is_quiet:
        return None
    # An hour that comes twice is after quiet hours that its first pass has ended.
    over = _next(ends, _last(begins, at, zone), zone)
    return over if at < over else None


def time_of_day(text: str) -> time:
    """The time of `HH:MM`.

    Raises:
        ValueError: there is no such time.

    """
    hours, colon, minutes = text.partition(":")
    is_clock = len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal()
    if not colon or not is_clock or not text.isascii():
        raise ValueError("must be a time of the day such as 08:00")
    try:
        return time(int(hours), int(minutes))
    except ValueError:
        raise ValueError("must be a time of the day from 00:00 to 23:59") from None


def _due(when: When, now: datetime, zone: ZoneInfo) -> datetime | None:
    match when.mode:
        case "at_once":
            return None
        case "daily":
            return _next(time_of_day(when.at), now, zone)
        case "digest":
            every = timedelta(minutes=when.minutes)
            today = datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)
            passed = (now - today) // every
            return min(today + (passed + 1) * every, _next(time.min, now, zone))


def _next(clock: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment later than `after` at which it is this time of the day, in UTC."""
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, clock, zone).astimezone(UTC)
        if moment > after:
            return moment
        day += _DAY


def _last(clock: time, until: datetime, zone: ZoneInfo) -> datetime:
    """The last moment not later than `until` at which it was this time of the day, in UTC."""
    day = until.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, clock, zone).astimezone(UTC)
        if moment <= until:
            return moment
        day -= _DAY
