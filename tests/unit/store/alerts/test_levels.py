"""Which reorder point counts, and what may be an alert."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES
from app.store.alerts import levels
from app.store.alerts.levels import Levels, holds, levels_of, may_hold
from tests.support.builders import an_item


def of(**attributes: Any) -> Levels:
    return levels_of(an_item(**attributes), DEFAULT_NAMES)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ReorderPoint": 0},
        {"ReorderPoint": -3},
        {"ReorderPoint": "soon"},
        {"ReorderPoint": 5, "NoReorder": True},
    ],
)
def test_a_product_without_a_reorder_point_that_counts_is_never_low(
    attributes: dict[str, Any],
) -> None:
    found = of(Stock=-1, **attributes)
    assert found.point is None
    assert not holds("low", found, 0)
    assert not holds("out", found, 0)
    assert holds("negative", found, 0)


@pytest.mark.parametrize("mark", [False, "true", 1])
def test_only_a_true_boolean_marks_a_product(mark: Any) -> None:
    assert of(Stock=1, ReorderPoint=5, NoReorder=mark).point == 5


def test_an_item_without_a_stock_count_has_no_alert() -> None:
    assert not may_hold(None, an_item(Stock="many", ReorderPoint=5), DEFAULT_NAMES)
    assert not any(holds(kind, of(Stock="many", ReorderPoint=5), 0) for kind in levels.KINDS)


def test_what_holds_may_hold() -> None:
    for stock in (-1, 0, 5, 6):
        for point in (0, 5):
            item = an_item(Stock=stock, ReorderPoint=point)
            any_holds = any(holds(kind, of(Stock=stock, ReorderPoint=point), 0)
                            for kind in levels.KINDS)  # fmt: skip
            assert may_hold(Decimal(stock), item, DEFAULT_NAMES) or not any_holds
    assert not may_hold(Decimal(6), an_item(ReorderPoint=5), DEFAULT_NAMES)


def test_levels_survive_their_encoding() -> None:
    whole = Levels(Decimal("1.5"), Decimal(2), 7, "Mug", "kg")
    for one in (whole, Levels(exists=False)):
        assert levels.decoded(levels.encoded(one)) == one
