"""A line keeps its name; each time it is listed again, it is a new product. Pure.

Barcodes start with 29, a GS1 prefix for a shop's internal use, so that no simulated product has
the barcode of a real one.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from app.demo.simulation.goods import CATEGORIES

# Each later variant of a noun costs this much more, in percent of the first variant's price.
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
        """The product's id when the line is listed for the first, second, … time."""
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
    """The nearest amount that ends in 40 or 90 cents, as shop prices do."""
    halves = max(1, round(amount * 2))
    return Decimal(halves) / 2 - Decimal("0.10")


def lines(count: int) -> tuple[Line, ...]:
    """At least `count` lines: the same goods in as many series as that takes."""
    made = LINES
    for series in range(2, -(-count // len(LINES)) + 1):
        first = len(made) + 1
        made += tuple(
            replace(line, number=number, name=f"{line.name}, series {series}")
            for number, line in enumerate(LINES, first)
        )
    return made


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
