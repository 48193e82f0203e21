"""The number of customers depends on the hour and the weekday in the shop's time zone. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

# Customers in each hour of a weekday: few at night (web shop only), most at noon and after work.
_MORNING = (1, 0.5, 0.3, 0.2, 0.3, 0.7, 2, 5, 12, 18, 24, 27)
_AFTERNOON = (30, 22, 19, 20, 26, 32, 26, 13, 8, 5, 3, 2)
VISITS = (*_MORNING, *_AFTERNOON)

# Factors for Monday to Sunday. On Sunday only the web shop is open.
WEEKDAYS = (0.9, 0.85, 0.9, 1.0, 1.25, 1.5, 0.4)

SUNDAY = 6
OPENS, CLOSES = 8, 20  # hours


def visits_per_hour(local: datetime) -> float:
    """The average number of customers in this hour."""
    return VISITS[local.hour] * WEEKDAYS[local.weekday()]


def next_visit(random: Random, after: datetime, zone: ZoneInfo, pace: float = 1.0) -> datetime:
    """When the next customer comes: a Poisson process with a rate for each hour, times `pace`."""
    moment = after
    while True:
        local = moment.astimezone(zone)
        hour_ends = moment + timedelta(hours=1) - _into_the_hour(local)
        visit = moment + timedelta(hours=random.expovariate(pace * visits_per_hour(local)))
        if visit < hour_ends:
            return visit
        moment = hour_ends  # a Poisson process has no memory, so draw again from there


def is_open(local: datetime) -> bool:
    """Whether the shop is open, so that someone is at the till."""
    return OPENS <= local.hour < CLOSES and local.weekday() != SUNDAY


def moment_of(day: date, hour: float, zone: ZoneInfo) -> datetime:
    """An hour (19.5 is half past seven in the evening) of a day in the shop, in UTC."""
    minutes = int(hour * 60)
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)


def working_day(day: date) -> date:
    """The day itself, or the next Monday for a Sunday."""
    return day + timedelta(days=1) if day.weekday() == SUNDAY else day


def _into_the_hour(local: datetime) -> timedelta:
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
