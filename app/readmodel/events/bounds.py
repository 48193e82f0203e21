"""Ranges of times and of sizes as people write them: `>2026-01-31`, `5..10`. Pure."""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.readmodel.events.event_query import Range, Span

_RANGE = re.compile(r"(?P<sign>>=|<=|>|<)?(?P<one>.*?)(?P<to>\.\.(?P<other>.*))?", re.DOTALL)
_SIZE = re.compile(r"[0-9]{1,38}(\.[0-9]{1,38})?")
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ](?P<time>[0-9]{2}:[0-9]{2}(?P<seconds>:[0-9]{2}(?P<fraction>\.[0-9]{1,6})?)?)"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


def moments(text: str, zone: ZoneInfo) -> Span:
    """The times, in ms, of `2026-01-31`, `>=2026-01-31T08:30`, `2026-01-01..2026-01-31`.

    A date is the whole day, and a time without seconds the whole minute.

    Raises:
        ValueError: it is none of these.

    """
    return _span(text, lambda part: moment(part, zone), "times")


def sizes(text: str) -> Span:
    """The sizes of stock changes of `5`, `>=5`, `5..10`.

    Raises:
        ValueError: it is none of these.

    """
    return _span(text, _size, "numbers")


def _span(text: str, bounds: Callable[[str], Range], things: str) -> Span:
    """The range between two values, or beside one; `bounds` gives where a value begins and ends."""
    match = _RANGE.fullmatch(text)
    if match is None or not match["one"] or (match["sign"] and match["to"]):
        raise ValueError(f"{things} are written as x, >x, >=x, <x, <=x or x..y")
    least, below = bounds(match["one"])
    if match["to"]:
        below = bounds(match["other"])[1]
        if below <= least:
            raise ValueError("the range ends before it begins")
        return Span(least, below)
    match match["sign"]:
        case ">":
            return Span(least=below)
        case ">=":
            return Span(least=least)
        case "<":
            return Span(below=least)
        case "<=":
            return Span(below=below)
        case _:
            return Span(least, below)


def moment(text: str, zone: ZoneInfo) -> Range:
    """When a date or time begins and ends, in ms.

    Raises:
        ValueError: it is neither.

    """
    match = _MOMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - the same error as for a date that does not exist
        day = date.fromisoformat(match["date"])
        if match["time"] is None:
            midnights = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(1)))
            first, end = (one.timestamp() for one in midnights)
            return first * 1000, end * 1000
        offset = match["offset"]
        local = datetime.fromisoformat(f"{match['date']}T{match['time']}{(offset or '').upper()}")
        start = (local if offset else local.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text[:40]!r} is no date or time. Write it as 2026-01-31, 2026-01-31T08:30 or "
            "2026-01-31T08:30:00Z"
        ) from None
    step = 1 if match["fraction"] else 1000 if match["seconds"] else 60_000
    return round(start * 1000), round(start * 1000) + step


def _size(text: str) -> Range:
    if not _SIZE.fullmatch(text):
        raise ValueError(
            f"{text[:40]!r} is no size of a stock change. Write a number of units without a sign, "
            "such as 12 or 0.5"
        )
    number = float(Decimal(text))
    return number, math.nextafter(number, math.inf)
