"""What an alert depends on: a product's stock, its reorder point and its last sale. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from app.core.item import AttributeNames, Item, flag, number, stock, text
from app.core.numbers import MAX_UNIT
from app.store.products.model import low_point

AlertKind = Literal["low", "out", "negative"]
KINDS: tuple[AlertKind, ...] = get_args(AlertKind)

SALE_COUNTS_MS = 90 * 24 * 3600 * 1000  # a product sold within this time is missed when it is out

NAME_CHARACTERS = 200  # other programs may store any text


@dataclass(frozen=True, slots=True)
class Levels:
    """A product as alerts see it.

    `point` is None where no reorder point counts: it is unset, 0 or negative, or the product is not
    to be reordered. `sold_at`: the last known sale, in ms since 1970. `exists` is False once the
    product was deleted.
    """

    stock: Decimal | None = None
    point: Decimal | None = None
    sold_at: int | None = None
    name: str | None = None
    unit: str | None = None
    exists: bool = True

    @property
    def needs_sale(self) -> bool:
        """Whether only a sale decides if the product is out."""
        return self.exists and self.stock is not None and self.stock <= 0 and self.point is None


def levels_of(item: Item | None, names: AttributeNames) -> Levels:
    """The levels of a product's item; None: there is no such product."""
    if item is None or not names.is_product(item):
        return Levels(exists=False)
    marked = bool(flag(item, names.no_reorder))
    return Levels(
        stock=stock(item, names),
        point=low_point(number(item, names.reorder_point), no_reorder=marked),
        name=(text(item, names.name) or "")[:NAME_CHARACTERS] or None,
        unit=(text(item, names.unit) or "")[:MAX_UNIT] or None,
    )


def holds(kind: AlertKind, levels: Levels, at: int) -> bool:
    """Whether the product is low, out or negative at a time, in ms since 1970."""
    count = levels.stock
    if not levels.exists or count is None:
        return False
    match kind:
        case "low":
            return levels.point is not None and count <= levels.point
        case "out":
            sold = levels.sold_at is not None and at < levels.sold_at + SALE_COUNTS_MS
            return count <= 0 and (levels.point is not None or sold)
        case "negative":
            return count < 0


def may_hold(count: Decimal | None, item: Item | None, names: AttributeNames) -> bool:
    """Whether any kind may hold for an item with this stock, with a sale and without the mark.

    It is quick, because it runs for every event.
    """
    if count is None or count <= 0:
        return count is not None
    point = number(item, names.reorder_point)
    return point is not None and count <= point


def encoded(levels: Levels) -> dict[str, object]:
    """The levels as JSON values."""
    return {
        "stock": None if levels.stock is None else str(levels.stock),
        "point": None if levels.point is None else str(levels.point),
        "sold_at": levels.sold_at,
        "name": levels.name,
        "unit": levels.unit,
        "exists": levels.exists,
    }


def decoded(document: Mapping[str, object]) -> Levels:
    """The levels that `encoded` made these values of."""
    fields = dict(document)
    for name in ("stock", "point"):
        fields[name] = None if fields[name] is None else Decimal(str(fields[name]))
    return Levels(**fields)  # type: ignore[arg-type]
