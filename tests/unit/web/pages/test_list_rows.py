"""A row says what needs attention about a stock, and for how many days it lasts."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.web.pages.products.list_rows import days_left, level_of

_CASES = json.loads((Path(__file__).parents[3] / "js" / "stock.json").read_text("utf-8"))


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("case", _CASES["levels"], ids=str)
def test_level_of_a_stock(case: dict[str, Any]) -> None:
    assert level_of(number(case["stock"]), number(case["low_at"])) == case["level"]


@pytest.mark.parametrize("case", _CASES["days"], ids=str)
def test_days_until_a_stock_is_sold(case: dict[str, Any]) -> None:
    assert days_left(number(case["stock"]), case["rate"]) == case["days"]
