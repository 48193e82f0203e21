"""`stockpulse demo` accepts only valid time spans and rates."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from app.commands.demo import history_progress, rate, span


@pytest.mark.parametrize(
    ("text", "hours"), [("30d", 720), ("7d", 168), ("12h", 12), ("1h", 1), ("366d", 8784)]
)
def test_history_is_given_in_days_or_hours(text: str, hours: int) -> None:
    assert span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "30", "0d", "-1d", "1.5d", "367d", "9w", "30d ", "٣d\n"])
def test_other_time_spans_are_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="such as 30d"):
        span(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1001"])
def test_rate_outside_its_limits_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="1000"):
        rate(text)
    assert rate("0.5") == 0.5


def test_history_prints_progress_every_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    progress = history_progress(iter([0.0, 1.0, 2.5, 3.0, 5.0]).__next__)
    for day in (1, 2, 3, 4):
        progress(day * 1000, datetime(2026, 11, day, tzinfo=UTC))
    assert capsys.readouterr().out == (
        "2,000 changes, up to 02 November 2026 …\n4,000 changes, up to 04 November 2026 …\n"
    )
