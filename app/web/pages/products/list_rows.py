"""What a product's row shows besides its fields. Pure; `static/products/stock.js` is its twin.

`tests/js/stock.json` tests both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from app.store.products.model import Product

Level = Literal["negative", "out", "low", ""]

_MOST_DAYS = 999


@dataclass(frozen=True, slots=True)
class ListRow:
    """A product with how many units of it are sold a day; None without sales in 30 days."""

    product: Product
    rate: float | None = None

    @property
    def level(self) -> Level:
        """What needs attention about the stock."""
        return level_of(self.product.stock, self.product.low_at)

    @property
    def days_left(self) -> str:
        """For how many days the stock lasts at this rate; empty if that is not known."""
        return days_left(self.product.stock, self.rate)


def list_rows(products: Sequence[Product], rates: Mapping[str, float]) -> list[ListRow]:
    """The rows of these products."""
    return [ListRow(product, rates.get(product.product_id)) for product in products]


def level_of(stock: Decimal | None, low_at: Decimal | None) -> Level:
    """What needs attention about a stock; `low_at`: at or below it, the product is low."""
    if stock is None:
        return ""
    if stock < 0:
        return "negative"
    if stock == 0:
        return "out"
    return "low" if low_at is not None and stock <= low_at else ""


def days_left(stock: Decimal | None, rate: float | None) -> str:
    """Whole days until the stock is sold; `rate`: units sold a day."""
    if stock is None or not rate:
        return ""
    days = max(float(stock), 0.0) / rate
    if days > _MOST_DAYS:
        return f"> {_MOST_DAYS}"
    return "< 1" if 0 < days < 1 else str(int(days))
