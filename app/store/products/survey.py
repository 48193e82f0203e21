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
        ("reorder point", "reorder level", "min stock", "minimum stock", "min qty", "threshold"),
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
    "unit": (("unit", "uom", "unit of measure"), frozenset({"S"})),
}
_DEFAULT_PRICE_PLACES = 2
_COUNTS = ("stock", "reorder_point", "price")  # attributes that have to be numbers
_OTHER_AMOUNTS = frozenset({"min", "minimum", "max", "maximum", "reorder", "reserved", "safety"})
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

    def add(self, value: Mapping[str, Any]) -> None:
        """Count one value in DynamoDB's typed JSON, such as `{"N": "3"}`."""
        kind, content = next(iter(value.items()))
        self.types[kind] += 1
        if self.example is None:
            self.example = content
        number = number_of(content) if kind in {"N", "S"} else None
        if number is None:
            return
        if kind == "S":
            self.numeric_text += 1
        else:
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


def survey(items: Iterable[Mapping[str, Any]], key: str) -> Survey:
    """Survey items in DynamoDB's typed JSON; `key` is the table's partition key."""
    top: dict[str, Found] = {}
    nested: dict[str, Found] = {}
    for item in items:
        for name, value in item.items():
            top.setdefault(name, Found()).add(value)
            for inner, content in value.get("M", {}).items():
                nested.setdefault(f"{name}.{inner}", Found()).add(content)
    defaults = AttributeNames()
    chosen = {"key": key}
    remarks = []
    metadata = defaults.metadata
    if metadata in top and set(top[metadata].types) != {"M"}:
        metadata = "StockpulseMetadata"
        remarks.append(f"{defaults.metadata} is another program's attribute here.")
    nested = {path: one for path, one in nested.items() if path.split(".")[0] != metadata}
    for role, (words, types) in _WORDS.items():
        free = {name: one for name, one in top.items() if name not in chosen.values()}
        fitting = {name: one for name, one in free.items() if types & set(one.types)}
        likeliest = _likeliest(role, words, fitting)
        if likeliest is not None:
            chosen[role] = likeliest
            remarks += _of_types(role, likeliest, top[likeliest], types)
        elif role in _COUNTS:
            remarks += _elsewhere(role, words, free, nested)
    chosen["metadata"] = metadata
    settings = {
        f"{role.upper()}_ATTRIBUTE": name
        for role, name in chosen.items()
        if name != getattr(defaults, role)
    }
    return Survey(top, settings | _number_settings(chosen, top), remarks)


def _likeliest(role: str, words: Sequence[str], found: Mapping[str, Found]) -> str | None:
    """The attribute whose name ends in the likeliest word; then the one that most items have."""
    ranked = []
    for name, one in found.items():
        parts = [part.lower() for part in _WORD.findall(name)]
        if role == "stock" and _OTHER_AMOUNTS & set(parts):
            continue
        for rank, word in enumerate(words):
            wanted = word.split()
            if parts[-len(wanted) :] == wanted:
                ranked.append((rank, len(parts), -one.items, name))
                break
    return min(ranked)[-1] if ranked else None


def _of_types(role: str, name: str, one: Found, types: frozenset[str]) -> list[str]:
    others = {kind: count for kind, count in one.types.items() if kind not in types}
    if not others:
        return []
    counts = ", ".join(f"{kind} in {count}" for kind, count in others.items())
    wanted = " or ".join(sorted(types))
    what = role.replace("_", " ")
    return [f"{name} looks like the {what}, but is not {wanted} in all items: {counts}."]


def _elsewhere(
    role: str, words: Sequence[str], free: Mapping[str, Found], nested: Mapping[str, Found]
) -> list[str]:
    """Why an attribute that looks right cannot be used: a number kept as text, or in a map."""
    what = role.replace("_", " ")
    texts = {name: one for name, one in free.items() if one.numeric_text}
    name = _likeliest(role, words, texts)
    if name is not None:
        return [f"{name} looks like the {what}, but is text (S): Stockpulse reads numbers (N)."]
    numbers = {path: one for path, one in nested.items() if "N" in one.types}
    path = _likeliest(role, words, numbers)
    if path is not None:
        return [f"{path} looks like the {what}: Stockpulse reads top-level attributes only."]
    return ["No attribute looks like the stock."] if role == "stock" else []


def _number_settings(chosen: Mapping[str, str], top: Mapping[str, Found]) -> dict[str, str]:
    settings = {}
    stock, price = top.get(chosen.get("stock", "")), top.get(chosen.get("price", ""))
    if stock is not None and stock.most_places:
        settings["STOCK_DECIMALS"] = str(min(stock.most_places, 6))
    if stock is not None and stock.negative:
        settings["NEGATIVE_STOCK"] = "true"
    if price is not None and price.most_places > _DEFAULT_PRICE_PLACES:
        settings["PRICE_DECIMALS"] = str(min(price.most_places, 6))
    return settings
