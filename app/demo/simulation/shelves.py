"""The shelves hold the listed products and their stock; lines in reserve are listed later."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import ceil
from random import Random

from app.demo.simulation.catalogue import Line
from app.store.products.model import ProductDraft

_UNITS_A_DAY = 1.6  # sold of a line with average demand
_DAYS_AHEAD = 4  # days that the stock at the reorder point lasts
_PACKS = (2, 4, 6, 12, 24, 48, 96)
_BARGAIN = 4.0  # factor of the demand for a line on clearance


@dataclass(slots=True)
class Shelf:
    """One listed product and its state in the simulation."""

    line: Line
    edition: int
    price: Decimal
    stock: int
    reorder_point: int
    pack: int
    demand: float
    on_order: int = 0
    leaving: bool = False

    @property
    def product_id(self) -> str:
        """The product's id."""
        return self.line.product_id(self.edition)

    @property
    def full(self) -> int:
        """The stock in units to which a delivery fills the shelf."""
        return self.reorder_point + 2 * self.pack

    def draft(self) -> ProductDraft:
        """The product to create."""
        return ProductDraft(
            product_id=self.product_id,
            name=self.line.name,
            stock=Decimal(self.stock),
            category=self.line.category,
            price=self.price,
            reorder_point=Decimal(self.reorder_point),
            tags=self.line.tags,
            barcode=self.line.barcode(self.edition),
        )

    def to_order(self) -> int:
        """Units to order now, in whole packs; 0 while stock and open orders are enough."""
        if self.leaving or self.stock + self.on_order > self.reorder_point:
            return 0
        return ceil((self.full - self.stock - self.on_order) / self.pack) * self.pack


class Shelves:
    """All listed products, and the lines in reserve in the order in which they will be listed."""

    def __init__(self, random: Random, lines: Sequence[Line], listed: int) -> None:
        order = random.sample(lines, len(lines))
        self._random = random
        self._listed: dict[str, Shelf] = {}
        self._reserve = deque((line, 1) for line in order)
        self._choice: tuple[list[Shelf], list[float]] | None = None
        for _ in range(listed):
            self.launch()

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Shelf]:
        return iter(list(self._listed.values()))

    def find(self, product_id: str) -> Shelf | None:
        """The product's shelf, while it is listed."""
        return self._listed.get(product_id)

    def launch(self) -> Shelf:
        """List the next line of the reserve."""
        line, edition = self._reserve.popleft()
        shelf = _filled(self._random, line, edition)
        self._listed[shelf.product_id] = shelf
        self._choice = None
        return shelf

    def drop(self, shelf: Shelf) -> None:
        """Remove a product; its line goes to the reserve and may return as a new product."""
        del self._listed[shelf.product_id]
        self._reserve.append((shelf.line, shelf.edition + 1))
        self._choice = None

    def clear_out(self, shelf: Shelf) -> None:
        """Stop ordering the product, and raise its demand so that the rest is sold."""
        shelf.leaving = True
        shelf.demand *= _BARGAIN
        self._choice = None

    def asked_for(self) -> Shelf:
        """A random product, weighted by demand."""
        shelves, demand = self._choices()
        return self._random.choices(shelves, cum_weights=demand)[0]

    def some(self) -> Shelf:
        """A random product that is not on clearance."""
        shelves, _ = self._choices()
        while (shelf := self._random.choice(shelves)).leaving:
            pass
        return shelf

    def _choices(self) -> tuple[list[Shelf], list[float]]:
        """The listed products, and the running sum of their demand."""
        if self._choice is None:
            shelves = list(self._listed.values())
            self._choice = (shelves, list(accumulate(shelf.demand for shelf in shelves)))
        return self._choice


def _filled(random: Random, line: Line, edition: int) -> Shelf:
    """A filled shelf of a line; demand is random, and higher for cheap lines."""
    demand = random.lognormvariate(0, 0.6) * (16 / float(line.price)) ** 0.4
    reorder_point = max(2, ceil(_UNITS_A_DAY * demand * _DAYS_AHEAD))
    pack = next((size for size in _PACKS if size >= reorder_point), _PACKS[-1])
    shelf = Shelf(line, edition, line.price, 0, reorder_point, pack, demand)
    shelf.stock = random.randint(reorder_point // 2, shelf.full)
    return shelf
