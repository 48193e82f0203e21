"""What to order: as much as lifts the stock to the reorder point and then lasts some days. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from app.core.numbers import json_number
from app.web.exports.export_rows import Cell, RowFormat
from app.web.pages.alerts.alert_board import AlertRow

_RATE = Decimal("0.01")
_FINE = Decimal("0.000001")
_ALL_DIGITS = Context(prec=330)  # of any float; other programs may store any stock
_COLUMNS = (
    "product_id",
    "name",
    "category",
    "barcode",
    "stock",
    "reorder_point",
    "unit",
    "sold_per_day",
    "days_left",
    "on_order",
    "suggested_quantity",
)


@dataclass(frozen=True, slots=True)
class ReorderLine:
    """A product to order; `on_order` is what has been ordered and is still to come."""

    row: AlertRow
    on_order: Decimal
    suggested: Decimal

    @property
    def sold_per_day(self) -> Decimal | None:
        """Units sold a day."""
        rate = self.row.rate
        return (
            None if rate is None else Decimal(rate).quantize(_RATE, context=_ALL_DIGITS).normalize()
        )


def lines_of(
    rows: Iterable[AlertRow], on_order: Mapping[str, Decimal], days: int
) -> list[ReorderLine]:
    """The rows whose products are to be reordered, and for which something is missing."""
    lines = []
    for row in rows:
        if row.stock is None or (row.product is not None and row.product.no_reorder):
            continue
        coming = on_order.get(row.product_id, Decimal(0))
        quantity = suggested(row.stock + coming, row.point, row.rate, days)
        if quantity > 0:
            lines.append(ReorderLine(row, coming, quantity))
    return lines


def suggested(stock: Decimal, point: Decimal | None, rate: float | None, days: int) -> Decimal:
    """A whole number of units to order; 0 or less if there is enough.

    After their arrival the stock is above the reorder point, and lasts for `days` days of sales
    until it is there again.
    """
    lacking = (point or Decimal(0)) - stock
    a_day = Decimal(rate or 0.0).quantize(_FINE, context=_ALL_DIGITS)  # 0.1 is less as a float
    sold = a_day * days
    above = lacking.to_integral_value(ROUND_FLOOR) + 1
    return max(above, (lacking + sold).to_integral_value(ROUND_CEILING))


def reorder_format() -> RowFormat[ReorderLine]:
    """The lines as an export has them."""
    return RowFormat("reorder-list", _COLUMNS, _cells, _document)


def _cells(line: ReorderLine) -> list[Cell]:
    row, product = line.row, line.row.product
    return [
        row.product_id,
        row.name,
        None if product is None else product.category,
        None if product is None else product.barcode,
        row.stock,
        row.point,
        row.unit,
        line.sold_per_day,
        row.days_left or None,
        line.on_order,
        line.suggested,
    ]


def _document(line: ReorderLine) -> dict[str, Any]:
    values = zip(_COLUMNS, _cells(line), strict=True)
    return {
        name: json_number(value) if isinstance(value, Decimal) else value for name, value in values
    }
