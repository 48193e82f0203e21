"""A figure is compared with the period before, each unit for itself."""

from decimal import Decimal

import pytest

from app.readmodel.trends.series import Sum
from app.web.pages.analytics.period_change import change_text, money, number_tile, units_tile


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (12, 10, "+20 % from 10"),
        (10, 12, "−17 % from 12"),
        (1001, 1000, "+0.1 % from 1,000"),
        (100_001, 100_000, "about as before, 100,000"),
        (5, 0, "none before"),
        (0, 0, "none before either"),
        (7, 7, "as before"),
        (0, 7, "−100 % from 7"),
        (5000, 1, "more than ten times 1"),
    ],
)
def test_change_in_words(now: int, before: int, text: str) -> None:
    assert change_text(Decimal(now), Decimal(before)) == text


def test_units_are_never_added_up() -> None:
    million = 1e6
    now = {"": Sum(3, 1200 * million, 0), "kg": Sum(1, 2.5 * million, 0)}
    tile = units_tile("Units in", now, {"": Sum(1, 600 * million, 0)}, "units_in", "")
    assert (tile.value, tile.change) == ("1,200", "+100 % from 600")
    assert tile.more == ["2.5 kg (none before)"]
    missing = units_tile("Units in", now, {}, "units_in", "no data before")
    assert (missing.change, missing.more) == ("no data before", ["2.5 kg"])
    many = {str(unit): Sum(1, million, 0) for unit in range(7)}
    assert units_tile("Units in", many, {}, "units_in", "").more[-1] == "and 3 more"
    assert units_tile("Units in", {}, {}, "units_in", "no data before").value == "0"


def test_numbers_and_money() -> None:
    assert number_tile("Changes", 1234, 0, "").value == "1,234"
    assert money(Decimal("1234567.891"), 2) == "1,234,567.89"
    assert money(Decimal(-5), 0) == "-5"
