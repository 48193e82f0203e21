"""The time of a stamp is the store's, whatever the host's clock shows."""

from datetime import datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from app.store.dynamodb.store_clock import StoreClock
from tests.support.builders import NOON


class Host:
    """A host whose clock differs from the store's by `skew` seconds."""

    def __init__(self, skew: float = 0.0) -> None:
        self.skew = timedelta(seconds=skew)
        self.true = NOON
        client: Any = SimpleNamespace(meta=SimpleNamespace(events=self))
        self.clock = StoreClock(client, lambda: self.true + self.skew)

    def register(self, _event: str, learn: Any) -> None:
        self._learn = learn

    def answer(self, date: str | None = None) -> None:
        """A response of the store arrives."""
        shown = format_datetime(self.true, usegmt=True) if date is None else date
        self._learn(http_response=SimpleNamespace(headers={"Date": shown}))

    def error(self) -> float:
        """By how many seconds the clock is ahead of the store's."""
        return (self.clock.now() - self.true).total_seconds()


@pytest.mark.parametrize("skew", [-90_000, -120, -2, -0.5, 0, 0.5, 2, 120, 90_000])
@pytest.mark.parametrize("fraction", [0.0, 0.4, 0.999])
def test_the_clock_is_at_most_a_second_off(skew: float, fraction: float) -> None:
    host = Host(skew)
    host.true += timedelta(seconds=fraction)
    host.answer()
    assert abs(host.error()) <= 1


def test_a_right_clock_is_used_as_it_is() -> None:
    host = Host()
    host.true += timedelta(milliseconds=640)
    host.answer()
    assert host.clock.now() == NOON + timedelta(milliseconds=640)


@pytest.mark.parametrize("step", [-120, 120])
def test_a_clock_that_is_set_is_noticed_at_the_next_response(step: float) -> None:
    host = Host()
    host.answer()
    host.true += timedelta(milliseconds=10)
    host.skew = timedelta(seconds=step)
    host.answer()
    assert abs(host.error()) <= 1


@pytest.mark.parametrize("date", ["", "now", "Tue, 03 Nov 2026 12:00:00 -0000"])
def test_an_unusable_header_leaves_the_clock_as_it_is(date: str) -> None:
    host = Host()
    host.answer(date)
    assert isinstance(host.clock.now(), datetime)
    assert host.error() == 0
