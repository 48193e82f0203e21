"""`stockpulse demo` accepts only valid time spans and rates."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app.commands.demo import rate, span
from app.demo.history.backfill import split_at
from app.demo.simulation.change import Change, Move


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


def test_history_is_split_at_now_without_being_held() -> None:
    moment = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    made = (change_at(moment + timedelta(seconds=second)) for second in count(-2))
    past, rest = split_at(made, moment)
    assert [change.at for change in past] == [moment - timedelta(seconds=s) for s in (2, 1)]
    assert [next(rest).at for _ in range(2)] == [moment, moment + timedelta(seconds=1)]


def change_at(moment: datetime) -> Change:
    return Change(at=moment, product_id="P1", action=Move(1), actor="ada")
