"""A line keeps its name for good; when it comes back to the shop it is a new product.

Pure. Barcodes begin with 29: numbers that GS1 leaves to each shop, so that no made-up
product bears a real one's.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.demo.simulation.goods import CATEGORIES

# Later variants of a noun cost more, in percent of the first one's price.
_STEP = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Something that the shop sells or could sell."""

    number: int
    code: str
    category: str
    name: str
    price: Decimal
    tags: tuple[str, ...]

    def product_id(self, edition: int) -> str:
        """The product's id the first, second, … time that the line is taken in."""
        base = f"{self.code}-{self.number:03d}"
        return base if edition == 1 else f"{base}-{edition}"

    def barcode(self, edition: int) -> str:
        """The product's EAN-13."""
        return ean13(f"29{self.number:06d}{edition % 10_000:04d}")


def ean13(digits: str) -> str:
    """Twelve digits and their check digit."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def shop_price(amount: Decimal) -> Decimal:
    """An amount as a shop writes it: the nearest that ends in 40 or 90 cents."""
    halves = max(1, round(amount * 2))
    return Decimal(halves) / 2 - Decimal("0.10")


def _lines() -> tuple[Line, ...]:
    lines: list[Line] = []
    for code, category, tags, nouns in CATEGORIES:
        for noun, price, variants in nouns:
            for step, variant in enumerate(variants.split(", ")):
                amount = Decimal(price) * (100 + _STEP * step) / 100
                name = f"{variant} {noun}"
                tag = tags[len(lines) % len(tags)]
                lines.append(Line(len(lines) + 1, code, category, name, shop_price(amount), (tag,)))
    return tuple(lines)


LINES: Final = _lines()
