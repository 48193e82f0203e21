"""The shop at a simulated moment: what is listed, how much of it, and what waits its turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import ceil
from random import Random

from app.demo.simulation.catalogue import Line
from app.store.products.model import ProductDraft

_UNITS_A_DAY = 1.6  # of a line of average demand
_DAYS_AHEAD = 4  # that the stock at the reorder point lasts
_PACKS = (2, 4, 6, 12, 24, 48, 96)
_BARGAIN = 4.0  # how much more a line on clearance is asked for


@dataclass(slots=True)
class Shelf:
    """One product and what the shop knows of it."""

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
        """Units that a delivery fills the shelf up to."""
        return self.reorder_point + 2 * self.pack

    def draft(self) -> ProductDraft:
        """The product as it is listed."""
        return ProductDraft(
            product_id=self.product_id,
            name=self.line.name,
            stock=self.stock,
            category=self.line.category,
            price=self.price,
            reorder_point=self.reorder_point,
            tags=self.line.tags,
            barcode=self.line.barcode(self.edition),
        )

    def to_order(self) -> int:
        """Whole packs to order now; 0 while there is enough here and on its way."""
        if self.leaving or self.stock + self.on_order > self.reorder_point:
            return 0
        return ceil((self.full - self.stock - self.on_order) / self.pack) * self.pack


class Shelves:
    """Every listed product, and the lines in reserve in the order in which they will come."""

    def __init__(self, random: Random, lines: Sequence[Line], listed: int) -> None:
        order = random.sample(lines, len(lines))
        self._random = random
        self._listed: dict[str, Shelf] = {}
        self._reserve = [(line, 1) for line in order]
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
        line, edition = self._reserve.pop(0)
        shelf = _filled(self._random, line, edition)
        self._listed[shelf.product_id] = shelf
        self._choice = None
        return shelf

    def drop(self, shelf: Shelf) -> None:
        """Give a product up; its line may come back, as another product."""
        del self._listed[shelf.product_id]
        self._reserve.append((shelf.line, shelf.edition + 1))
        self._choice = None

    def clear_out(self, shelf: Shelf) -> None:
        """Order no more of it, and sell what is left."""
        shelf.leaving = True
        shelf.demand *= _BARGAIN
        self._choice = None

    def asked_for(self) -> Shelf:
        """What a customer takes to, as demand has it."""
        if self._choice is None:
            shelves = list(self._listed.values())
            self._choice = (shelves, list(accumulate(shelf.demand for shelf in shelves)))
        shelves, demand = self._choice
        return self._random.choices(shelves, cum_weights=demand)[0]

    def some(self) -> Shelf:
        """Any product that is to stay."""
        return self._random.choice([shelf for shelf in self._listed.values() if not shelf.leaving])


def _filled(random: Random, line: Line, edition: int) -> Shelf:
    """A shelf of a line, filled; cheap lines are asked for more, and some for no visible reason."""
    demand = random.lognormvariate(0, 0.6) * (16 / float(line.price)) ** 0.4
    reorder_point = max(2, ceil(_UNITS_A_DAY * demand * _DAYS_AHEAD))
    pack = next((size for size in _PACKS if size >= reorder_point), _PACKS[-1])
    shelf = Shelf(line, edition, line.price, 0, reorder_point, pack, demand)
    shelf.stock = random.randint(reorder_point // 2, shelf.full)
    return shelf
