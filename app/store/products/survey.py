"""What a sample of a table's items suggests for the settings of Stockpulse. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.item import AttributeNames
from app.core.numbers import number_of, places

# Words at the end of an attribute's name, the likeliest first: their attribute and DynamoDB types.
_WORDS: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "name": (("name", "title", "label", "description"), frozenset({"S"})),
    "reorder_point": (
        (
            "reorder point",
            "reorder level",
            "min stock",
            "minimum stock",
            "min qty",
            "threshold",
            "min",
        ),
        frozenset({"N"}),
    ),
    "stock": (
        ("stock", "quantity", "qty", "on hand", "inventory", "available", "count", "units"),
        frozenset({"N"}),
    ),
    "price": (("price", "unit price", "cost", "amount"), frozenset({"N"})),
    "category": (("category", "department", "group", "type", "family"), frozenset({"S"})),
    "tags": (("tags", "labels", "keywords"), frozenset({"SS", "L"})),
    "barcode": (("barcode", "ean", "gtin", "upc"), frozenset({"S"})),
    "no_reorder": (("no reorder", "do not reorder", "discontinued"), frozenset({"BOOL"})),
    "unit": (("unit", "uom", "unit of measure"), frozenset({"S"})),
}
_DEFAULT_PRICE_PLACES = 2
_COUNTS = ("stock", "reorder_point", "price")  # attributes that have to be numbers
_OTHER_AMOUNTS = frozenset({"min", "minimum", "max", "maximum", "reorder", "reserved", "safety"})
_DEEPEST = 3  # dots in a path
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(slots=True)
class Found:
    """One attribute: in how many items it is, with which types, and one of its values."""

    types: Counter[str] = field(default_factory=Counter)
    numeric_text: int = 0  # strings that are written like numbers
    most_places: int = 0
    negative: bool = False
    example: Any = None

    @property
    def items(self) -> int:
        """How many items have the attribute."""
        return self.types.total()

    def fits(self, role: str, types: frozenset[str]) -> bool:
        """Whether it can be read as such an attribute: as a number, a string of digits, too."""
        return bool(types & set(self.types)) or (role in _COUNTS and self.numeric_text > 0)

    def add(self, value: Mapping[str, Any]) -> None:
        """Count one value in DynamoDB's typed JSON, such as `{"N": "3"}`."""
        kind, content = next(iter(value.items()))
        self.types[kind] += 1
        if self.example is None:
            self.example = content
        number = number_of(content) if kind in {"N", "S"} else None
        if number is None:
            return
        self.numeric_text += kind == "S"
        self.most_places = max(self.most_places, places(number))
        self.negative = self.negative or number < 0


@dataclass(frozen=True, slots=True)
class Survey:
    """The sample's attributes, and the settings and remarks that follow from them.

    `settings` lacks what equals the default.
    """

    attributes: Mapping[str, Found]
    settings: Mapping[str, str]
    remarks: Sequence[str]


def survey(items: Iterable[Mapping[str, Any]], key: Iterable[str]) -> Survey:
    """Survey items in DynamoDB's typed JSON; `key` names the attributes of the table's key."""
    found: dict[str, Found] = {}
    for item in items:
        _add(found, item, "")
    defaults = AttributeNames()
    remarks = []
    metadata = defaults.metadata
    if metadata in found and set(found[metadata].types) != {"M"}:
        metadata = "StockpulseMetadata"
        remarks.append(f"{defaults.metadata} is another program's attribute here.")
    taken = [*map(_written, key), metadata]
    free = {name: one for name, one in found.items() if not _overlaps(name, taken)}
    chosen: dict[str, str] = {}
    for role, (words, types) in _WORDS.items():
        fitting = {name: one for name, one in free.items() if one.fits(role, types)}
        likeliest = _likeliest(role, words, fitting)
        if likeliest is not None:
            chosen[role] = likeliest
            remarks += _of_types(role, likeliest, free[likeliest], types)
            free = {name: one for name, one in free.items() if not _overlaps(name, [likeliest])}
        elif role == "stock":
            remarks.append("No attribute looks like the stock.")
    settings = {
        f"{role.upper()}_ATTRIBUTE": name
        for role, name in (chosen | {"metadata": metadata}).items()
        if name != getattr(defaults, role)
    }
    return Survey(found, settings | _number_settings(chosen, found), remarks)


def _add(found: dict[str, Found], members: Mapping[str, Any], place: str) -> None:
    """Count the attributes of an item, or of a map in it, by their path as a setting has it."""
    for name, value in members.items():
        path = place + _written(name)
        found.setdefault(path, Found()).add(value)
        if path.count(".") < _DEEPEST:
            _add(found, value.get("M", {}), f"{path}.")


def _written(name: str) -> str:
    """The name as it stands in a path."""
    return name.replace(".", "..")


def _overlaps(path: str, others: Iterable[str]) -> bool:
    """Whether one of them is the same, or lies inside the other."""
    return any(
        f"{path}.".startswith(f"{one}.") or f"{one}.".startswith(f"{path}.") for one in others
    )


def _likeliest(role: str, words: Sequence[str], found: Mapping[str, Found]) -> str | None:
    """The attribute whose name ends in the likeliest word; then the one that most items have.

    Of two, the one outside maps is likelier.
    """
    ranked = []
    for path, one in found.items():
        parts = [part.lower() for part in _WORD.findall(path)]
        if role == "stock" and _OTHER_AMOUNTS & set(parts):
            continue
        for rank, word in enumerate(words):
            wanted = word.split()
            if parts[-len(wanted) :] == wanted:
                ranked.append((path.count("."), rank, len(parts), -one.items, path))
                break
    return min(ranked)[-1] if ranked else None


def _of_types(role: str, name: str, one: Found, types: frozenset[str]) -> list[str]:
    others = Counter({kind: count for kind, count in one.types.items() if kind not in types})
    if role in _COUNTS:
        others["S"] -= one.numeric_text  # read as numbers
        others = +others
    if not others:
        return []
    counts = ", ".join(f"{kind} in {count}" for kind, count in others.items())
    wanted = " or ".join(sorted(types))
    what = role.replace("_", " ")
    return [f"{name} looks like the {what}, but is not {wanted} in all items: {counts}."]


def _number_settings(chosen: Mapping[str, str], found: Mapping[str, Found]) -> dict[str, str]:
    settings = {}
    stock, price = found.get(chosen.get("stock", "")), found.get(chosen.get("price", ""))
    if stock is not None and stock.most_places:
        settings["STOCK_DECIMALS"] = str(min(stock.most_places, 6))
    if stock is not None and stock.negative:
        settings["NEGATIVE_STOCK"] = "true"
    if price is not None and price.most_places > _DEFAULT_PRICE_PLACES:
        settings["PRICE_DECIMALS"] = str(min(price.most_places, 6))
    return settings
