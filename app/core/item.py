"""The meaning of a product's attributes is defined once, for reading, writing and decoding.

An item is in DynamoDB's typed form: `{"Stock": {"N": "9"}}`. No function changes its arguments.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Protocol

from app.core import json_text
from app.core.keys import TEXT_KEY, KeySchema
from app.core.numbers import EXACT_IN_JSON, normalised, number_in
from app.core.paths import Path, name_in_events, path_of, value_at

# An attribute value in typed form, a mapping with one entry: {"S": "..."}.
AttributeValue = Mapping[str, Any]
Item = Mapping[str, AttributeValue]

# DynamoDB numbers hold 38 digits; a stock count with more than 15 is a mistake.
MAX_STOCK = 10**15


class Selects(Protocol):
    """Says which items of the table are products."""

    @property
    def names(self) -> frozenset[str]:
        """The attributes that it looks at."""

    def __call__(self, item: Item) -> bool:
        """Whether the item is a product."""


@dataclass(frozen=True)
class AttributeNames:
    """The products table's names for the attributes that Stockpulse knows.

    Each name from `name` to `unit` may be a path into maps (`app.core.paths`); `unit` is None if
    the table has no units. `metadata` is the one attribute that Stockpulse adds. `ignored` are
    attributes whose changes count as none; a trailing `*` stands for any ending. `selects` says
    which items are products; None: all.
    """

    key: KeySchema = TEXT_KEY
    name: str = "ProductName"
    stock: str = "Stock"
    category: str = "Category"
    price: str = "Price"
    reorder_point: str = "ReorderPoint"
    tags: str = "Tags"
    barcode: str = "Barcode"
    no_reorder: str = "NoReorder"
    unit: str | None = None
    metadata: str = "Stockpulse"
    ignored: tuple[str, ...] = ("aws:rep:*",)
    selects: Selects | None = None

    @cached_property
    def details(self) -> tuple[str, ...]:
        """What describes a product: everything known but key and stock."""
        return (
            self.name,
            self.category,
            self.price,
            self.reorder_point,
            self.tags,
            self.barcode,
            self.no_reorder,
            *(() if self.unit is None else (self.unit,)),
        )

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The attributes that a write of ours may change, the metadata aside."""
        return (self.stock, *self.details)

    @cached_property
    def field_paths(self) -> Mapping[str, Path]:
        """The paths of a product's fields, by the field's name; without `unit` if there is none."""
        fields = ("name", "stock", "category", "price", "reorder_point", "tags", "barcode")
        found = {field: path_of(getattr(self, field)) for field in (*fields, "no_reorder")}
        return found if self.unit is None else found | {"unit": path_of(self.unit)}

    @cached_property
    def known_paths(self) -> tuple[Path, ...]:
        """The paths of the known attributes."""
        return tuple(map(path_of, self.known))

    @cached_property
    def inside_maps(self) -> tuple[str, ...]:
        """The known attributes that lie inside maps."""
        return tuple(name for name in self.known if len(path_of(name)) > 1)

    @cached_property
    def ours(self) -> frozenset[str]:
        """The names, as events have them, of all that a write of ours may set."""
        known = map(name_in_events, self.known)
        return frozenset((*self.key.names, *known, self.metadata))

    def is_product(self, item: Item | None) -> bool:
        """Whether there is an item, and it is a product."""
        return item is not None and (self.selects is None or self.selects(item))

    def is_ignored(self, attribute: str) -> bool:
        """Whether changes of this attribute count as none."""
        return any(
            attribute.startswith(pattern[:-1]) if pattern.endswith("*") else attribute == pattern
            for pattern in self.ignored
        )


DEFAULT_NAMES = AttributeNames()


def text(item: Item | None, name: str | None) -> str | None:
    """The string under `name`; None if it is absent, of another type, or has no name."""
    return None if name is None else text_in(value_at(item, path_of(name)))


def text_in(value: AttributeValue | None) -> str | None:
    """The string in a value; None if it is absent or of another type."""
    found = None if value is None else value.get("S")
    return found if isinstance(found, str) else None


def number(item: Item | None, name: str) -> Decimal | None:
    """The number under `name`, as in `number_in`; None if it is absent or no number."""
    return number_in(value_at(item, path_of(name)))


def flag(item: Item | None, name: str) -> bool | None:
    """The boolean under `name`; None if it is absent or of another type."""
    return (value_at(item, path_of(name)) or {}).get("BOOL")


def stock(item: Item | None, names: AttributeNames = DEFAULT_NAMES) -> Decimal | None:
    """The stock as an exact decimal, negative or fractional too; None if it is no number."""
    return number(item, names.stock)


def plain(value: AttributeValue) -> Any:
    """An attribute value as JSON: exact integers as numbers, other numbers as decimal strings.

    Binary becomes base64, and a set becomes a sorted list.
    """
    ((kind, inner),) = value.items()
    match kind:
        case "N":
            return plain_number(inner)
        case "B":
            return _base64(inner)
        case "NULL":
            return None
        case "M":
            return {name: plain(member) for name, member in inner.items()}
        case "L":
            return [plain(member) for member in inner]
        case "SS":
            return sorted(inner)
        case "NS":
            return [plain_number(digits) for digits in sorted(inner, key=Decimal)]
        case "BS":
            return sorted(_base64(member) for member in inner)
        case _:  # S and BOOL
            return inner


def plain_number(digits: str) -> int | str:
    """A JSON integer if every reader keeps it exact, else a decimal string.

    Digits that are not a number are returned unchanged.
    """
    try:
        number = Decimal(digits)
        if abs(number) <= EXACT_IN_JSON and number == number.to_integral_value():
            return int(number)
    except InvalidOperation:
        return digits
    return format(number, "f")


def plain_item(item: Item, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """An image as plain JSON: attribute names as in the table."""
    return {name: plain(value) for name, value in item.items() if name not in leave_out}


def canonical(attributes: Item) -> bytes:
    """The same bytes for equal attributes, whatever the order of names and set members.

    Numbers are normalised (`1.50` becomes `1.5`) and binary is base64, so that an image has the
    same hash on every engine, and after it is stored and read back.
    """
    values = {name: _canonical(value) for name, value in attributes.items()}
    return json_text.dumps(values, sort_keys=True)


def from_canonical(data: bytes) -> Item:
    """The attributes of a canonical form, with binary as bytes."""
    return {name: with_bytes(value) for name, value in json_text.loads(data).items()}


def digest(attributes: Item) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(attributes)).hexdigest()


def with_bytes(value: AttributeValue) -> AttributeValue:
    """A value whose binary is base64 text, as JSON has it, with bytes."""
    ((kind, inner),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(inner)}
        case "BS":
            return {"BS": [base64.b64decode(member) for member in inner]}
        case "M":
            return {"M": {name: with_bytes(member) for name, member in inner.items()}}
        case "L":
            return {"L": [with_bytes(member) for member in inner]}
        case _:
            return value


def _canonical(value: AttributeValue) -> Any:
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "BOOL" | "NULL":
            return value
        case "N":
            return {"N": normalised(inner)}
        case "B":
            return {"B": _base64(inner)}
        case "M":
            return {"M": {name: _canonical(member) for name, member in inner.items()}}
        case "L":
            return {"L": [_canonical(member) for member in inner]}
        case "NS":
            return {"NS": sorted(map(normalised, inner))}
        case "BS":
            return {"BS": sorted(map(_base64, inner))}
        case _:
            return {kind: sorted(inner)}


def _base64(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()
