"""The address names the period, and what it is compared with: as many days before it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.readmodel.trends.periods import start_of
from app.web.errors import InvalidRequest
from app.web.pages.analytics.analytics_place import AnalyticsPlace, ShownPeriod, shown_period
from app.web.pages.analytics.bucket_labels import created, labels_of, span_text
from app.web.pages.analytics.read_figures import missing_before, whole_days

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 28, 13, 37, tzinfo=UTC)


def place(**fields: str) -> AnalyticsPlace:
    return AnalyticsPlace(path="/analytics", **fields)  # type: ignore[arg-type]


def texts(shown: ShownPeriod, zone: ZoneInfo) -> tuple[str, str]:
    today = NOW.astimezone(zone).date()
    return (
        span_text(start_of(shown.period.first), start_of(shown.until), zone, today),
        span_text(start_of(shown.before[0]), start_of(shown.before[1]), zone, today),
    )


@pytest.mark.parametrize(
    ("given", "zone", "bucket", "buckets", "dates", "before"),
    [
        ({}, BERLIN, "day", 30, "30 Oct – 28 Nov 14:45", "30 Sep – 29 Oct 14:45"),
        ({"range": "7d"}, BERLIN, "day", 7, "22 Nov – 28 Nov 14:45", "15 Nov – 21 Nov 14:45"),
        (
            {"range": "24h"}, BERLIN, "hour", 25,
            "27 Nov 14:00 – 28 Nov 14:45", "26 Nov 13:15 – 27 Nov 14:00",
        ),
        (
            {"range": "24h"}, KOLKATA, "hour", 25,
            "27 Nov 19:00 – 28 Nov 19:15", "26 Nov 18:45 – 27 Nov 19:00",
        ),
        ({"first": "2026-11-26", "last": "2026-11-26"}, BERLIN, "hour", 24, "26 Nov", "25 Nov"),
        # The clocks were set back on 25 October, and to summer time on 29 March.
        ({"first": "2026-10-25", "last": "2026-10-25"}, BERLIN, "hour", 25, "25 Oct", "24 Oct"),
        ({"first": "2026-03-29", "last": "2026-03-29"}, BERLIN, "hour", 23, "29 Mar", "28 Mar"),
        (
            {"first": "2026-10-25", "last": "2026-10-31"}, BERLIN, "day", 7,
            "25 Oct – 31 Oct", "18 Oct – 24 Oct",
        ),
        (
            {"first": "2025-01-01", "last": "2025-12-31"}, BERLIN, "week", 53,
            "1 Jan 2025 – 31 Dec 2025", "2 Jan 2024 – 31 Dec 2024",
        ),
        # A last day that is later than today, and a missing one, are today.
        (
            {"first": "2026-11-27", "last": "2027-01-01"}, BERLIN, "hour", 48,
            "27 Nov – 28 Nov 14:45", "25 Nov – 26 Nov 14:45",
        ),
        (
            {"first": "2026-11-24"}, BERLIN, "day", 5,
            "24 Nov – 28 Nov 14:45", "19 Nov – 23 Nov 14:45",
        ),
    ],
)  # fmt: skip
def test_period_and_the_one_before(
    given: dict[str, str], zone: ZoneInfo, bucket: str, buckets: int, dates: str, before: str
) -> None:
    shown = shown_period(place(**given), NOW, zone)
    assert (shown.period.bucket, len(shown.period.spans)) == (bucket, buckets)
    assert texts(shown, zone) == (dates, before)
    assert shown.before[1] <= shown.period.first


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first": "yesterday"}, "The first day is no day: write it as 2026-01-31."),
        ({"first": "2026-02-30"}, "The first day is no day"),
        ({"first": "0001-01-01"}, "The first day is too far away"),
        ({"first": "2026-11-29"}, "The first day must not be in the future"),
        ({"first": "2026-11-20", "last": "2026-11-19"}, "must not be after the last day"),
        ({"last": "2026-11-19"}, "The first day is missing"),
        ({"first": "2023-11-01", "last": "2026-11-19"}, "at most 1096 days before"),
    ],
)
def test_wrong_days_are_refused_with_the_reason(given: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        shown_period(place(**given), NOW, BERLIN)


def test_address_keeps_what_is_not_changed() -> None:
    here = place(first="2026-11-01", category="Tea & co", unit="", by="out")
    assert here.address(unit=None) == "/analytics?from=2026-11-01&category=Tea+%26+co&by=out"
    assert here.of_range("7d") == "/analytics?range=7d&category=Tea+%26+co&unit=&by=out"
    assert place().address() == "/analytics"


def test_period_before_is_compared_only_if_it_is_known() -> None:
    shown = shown_period(place(range="7d"), NOW, BERLIN)
    first, end = map(start_of, shown.before)
    minute = timedelta(minutes=1)
    assert missing_before(shown, None, None) == "no data before"
    assert missing_before(shown, end, None) == "no data before"
    assert missing_before(shown, first + minute, None) == "not recorded in full before"
    assert missing_before(shown, first, end) == "not known in full before"
    assert missing_before(shown, first, first) == ""


def test_hour_that_the_clock_shows_twice_is_told_apart() -> None:
    shown = shown_period(place(first="2026-10-25", last="2026-10-25"), NOW, BERLIN)
    labels = labels_of(shown.period, date(2026, 11, 28))
    assert [label.long for label in labels[2:4]] == [
        "Sun 25 Oct 02:00 CEST",
        "Sun 25 Oct 02:00 CET",
    ]
    assert labels[2].created == "created:2026-10-25T02:00:00+02:00..2026-10-25T02:59:59+02:00"
    assert created(shown.period.first, shown.period.end, BERLIN) == "created:2026-10-25"


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"range": "24h"}, "created:2026-11-27..2026-11-28"),
        ({"first": "2026-11-26", "last": "2026-11-26"}, "created:2026-11-26"),
        ({"range": "7d"}, "created:2026-11-22..2026-11-28"),
    ],
)
def test_movers_link_to_the_whole_days_of_their_figures(given: dict[str, str], days: str) -> None:
    found = whole_days(shown_period(place(**given), NOW, BERLIN).period)
    assert created(found.first, found.end, BERLIN) == days
