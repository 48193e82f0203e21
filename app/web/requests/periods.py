"""The period of a trend: a named range, or from `since` to `until`, in buckets."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from app.readmodel.trends.periods import (
    LONGEST,
    MOST_BUCKETS,
    BucketName,
    Period,
    RangeName,
    fits,
    period,
    shortest_bucket,
    since_of,
)
from app.web.errors import InvalidRequest
from app.web.requests.parameters import ServicesDep
from app.web.schemas.fields import Moment


async def _period(
    services: ServicesDep,
    range: Annotated[  # noqa: A002 - the parameter's name
        RangeName | None,
        Query(
            description="The last 24 hours, or so many days of `STOCKPULSE_TIMEZONE`, today "
            "included. 30 days if no period is given."
        ),
    ] = None,
    since: Annotated[
        Moment | None,
        Query(
            description="Where the period begins, in place of `range` (RFC 3339). The series "
            "begins with the whole bucket that has this time.",
            examples=["2026-11-01T00:00:00Z"],
        ),
    ] = None,
    until: Annotated[
        Moment | None,
        Query(
            description="Where the period ends (RFC 3339); now, if omitted. The series ends with "
            "the whole bucket before this time."
        ),
    ] = None,
    bucket: Annotated[
        BucketName | None,
        Query(
            description="What is summed together: quarters of an hour, or hours, days or weeks of "
            f"`STOCKPULSE_TIMEZONE`. By default the shortest of which there are at most "
            f"{MOST_BUCKETS}."
        ),
    ] = None,
) -> Period:
    zone, now = ZoneInfo(services.settings.timezone), datetime.now(UTC)
    if since is None and until is not None:
        raise _invalid("?until", "needs since, where the period begins")
    if since is not None and range is not None:
        raise _invalid("?range", "must not be given together with since")
    begin = since or since_of(range or "30d", now, zone)
    end = until or now
    if begin >= min(end, now):
        raise _invalid("?since", "must be before until, and in the past")
    if end > now:
        raise _invalid("?until", "must not be in the future")
    if end - begin > LONGEST:
        raise _invalid("?since", f"must be at most {LONGEST.days} days before until")
    name = bucket or shortest_bucket(begin, end)
    if not fits(begin, end, name):
        raise _invalid(
            "?bucket",
            f"makes more than {MOST_BUCKETS} buckets: choose a longer one, or a shorter period",
        )
    return period(begin, end, name, zone)


def _invalid(pointer: str, detail: str) -> InvalidRequest:
    extra: dict[str, Any] = {"errors": [{"pointer": pointer, "detail": detail}]}
    return InvalidRequest(f"{pointer[1:]} {detail}.", extra=extra)


PeriodDep = Annotated[Period, Depends(_period)]
