"""When notices are sent, in the shop's time zone, also where its clocks are set."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.rules.rule import When
from app.notifications.desk.preview import messages
from app.notifications.schedule import next_send, quiet_until, time_of_day

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = {"quiet_from": "22:00", "quiet_to": "07:00"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("when", "now", "due"),
    [
        (When(), "2026-11-28T12:00", None),
        (When("digest", 15), "2026-11-28T12:01", "2026-11-28T12:15"),
        (When("digest", 15), "2026-11-28T12:15", "2026-11-28T12:30"),
        (When("digest", 50), "2026-11-28T22:30", "2026-11-28T23:00"),  # local midnight
        (When("digest", 1440), "2026-11-28T12:00", "2026-11-28T23:00"),
        (When("daily", at="08:00"), "2026-11-28T06:59", "2026-11-28T07:00"),
        (When("daily", at="08:00"), "2026-11-28T07:00", "2026-11-29T07:00"),
        # Quiet hours over midnight, and within a day.
        (When(**NIGHT), "2026-11-28T20:59", None),
        (When(**NIGHT), "2026-11-28T21:00", "2026-11-29T06:00"),
        (When(**NIGHT), "2026-11-29T05:59", "2026-11-29T06:00"),
        (When(**NIGHT), "2026-11-29T06:00", None),
        (When(quiet_from="12:00", quiet_to="14:00"), "2026-11-28T11:30", "2026-11-28T13:00"),
        (When("digest", 60, **NIGHT), "2026-11-28T20:30", "2026-11-29T06:00"),
        (When("daily", at="23:00", **NIGHT), "2026-11-28T12:00", "2026-11-29T06:00"),
        # In March 02:30 does not exist; in October it comes twice, and the first one counts.
        (When("daily", at="02:30"), "2026-03-28T23:30", "2026-03-29T01:30"),
        (When("daily", at="02:30"), "2026-10-24T23:30", "2026-10-25T00:30"),
        (When("daily", at="02:30"), "2026-10-25T00:30", "2026-10-26T01:30"),
        (When(**NIGHT), "2026-10-25T00:30", "2026-10-25T06:00"),
        (When("digest", 60), "2026-10-25T00:30", "2026-10-25T01:00"),
        # They ended at the first 02:30, and have not begun again when it is 02:15 once more.
        (When(quiet_from="22:00", quiet_to="02:30"), "2026-10-25T00:15", "2026-10-25T00:30"),
        (When(quiet_from="22:00", quiet_to="02:30"), "2026-10-25T01:15", None),
        (When(quiet_from="02:15", quiet_to="02:45"), "2026-10-25T01:20", None),
        (When(quiet_from="02:15", quiet_to="02:45"), "2026-03-29T01:20", None),
    ],
)
def test_next_send(when: When, now: str, due: str | None) -> None:
    assert next_send(when, at(now), BERLIN) == (None if due is None else at(due))


def test_quiet_hours_need_both_ends() -> None:
    assert quiet_until(When(quiet_from="22:00"), at("2026-11-28T21:30"), BERLIN) is None


@pytest.mark.parametrize(
    "text", ["", "8:00", "24:00", "12:60", "12-00", "ab:cd", "\u0660\u0668:\u0660\u0660", "08:00 "]
)
def test_impossible_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time of the day"):
        time_of_day(text)


def test_messages_of_a_burst_are_capped_and_those_of_a_digest_one() -> None:
    minute = [datetime(2026, 11, 28, 12, 0, second, tzinfo=UTC) for second in range(40)]
    assert messages(minute, When(), BERLIN) == 11  # ten, and the digest of the rest
    assert messages(minute[:3], When(), BERLIN) == 3
    assert messages(minute, When("digest", 15), BERLIN) == 1
