"""A stock needs attention when it is low, out or negative. Pure.

`static/rows/level.js` decides the same in the browser; `tests/js/rows.json` tests both.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from app.core.item import AttributeNames
from app.core.paths import name_in_events
from app.store.products.model import low_point
from app.web.pages.rows.attribute_text import NONE, value_in

Level = Literal["", "low", "out", "negative"]


class LevelNames(NamedTuple):
    """The attributes that say what a stock means, as events name them.

    They decide whether a product is low, and name its unit; `unit` is empty if the table has none.
    """

    reorder_point: str = "ReorderPoint"
    no_reorder: str = "NoReorder"
    unit: str = ""


def level_names(names: AttributeNames) -> LevelNames:
    """The deployment's names."""
    return LevelNames(
        name_in_events(names.reorder_point),
        name_in_events(names.no_reorder),
        "" if names.unit is None else name_in_events(names.unit),
    )


def level_of(
    stock: float | str | None, image: Mapping[str, Any] | None, names: LevelNames
) -> Level:
    """The level of a stock as events have it; without the product's image it is never low."""
    if stock is None:
        return ""
    units = Decimal(str(stock))
    if units <= 0:
        return "negative" if units < 0 else "out"
    return "low" if is_low(stock, image, names) else ""


def is_low(stock: float | str | None, image: Mapping[str, Any] | None, names: LevelNames) -> bool:
    """Whether a stock is at or below its reorder point, if that counts; it may be out, too."""
    point = NONE if stock is None else value_in(image or {}, names.reorder_point)
    if isinstance(point, bool) or not isinstance(point, int | float):
        return False
    no_reorder = value_in(image or {}, names.no_reorder) is True
    at = low_point(Decimal(str(point)), no_reorder=no_reorder)
    return at is not None and Decimal(str(stock)) <= at


def unit_of(image: Mapping[str, Any] | None, unit: str | None, names: LevelNames) -> str:
    """The unit of a stock in the image, or `unit` if there is none; empty without a unit."""
    if image is None or not names.unit:
        return unit or ""
    value = value_in(image, names.unit)
    return value if isinstance(value, str) else ""
