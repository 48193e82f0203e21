"""A write's fields become attribute values, in the type that the item already has there. Pure."""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.core.errors import AttributeKept, UnitNotStored
from app.core.item import AttributeNames, AttributeValue, Item, number, text
from app.core.numbers import digits, number_of
from app.core.paths import Path, blocked_at, path_of, value_at
from app.store.products.model import NUMBERS, TYPES, Product

# Attribute values by path; None: there is none, or none any more.
Values = Mapping[Path, AttributeValue | None]


def encode_fields(
    fields: Mapping[str, Any], names: AttributeNames, item: Item | None = None
) -> dict[Path, AttributeValue | None]:
    """API fields as values to set, by path; None for a value to remove.

    Raises:
        UnitNotStored: there is a unit, but the table has no attribute for it.
        AttributeKept: `item` holds something of another type there, which another program owns.

    """
    changed: dict[Path, AttributeValue | None] = {}
    for field_name, value in fields.items():
        attribute = getattr(names, field_name)
        if attribute is None:
            if value is None:
                continue
            raise UnitNotStored(
                "This deployment stores no units. Leave out unit, or set STOCKPULSE_UNIT_ATTRIBUTE."
            )
        path = path_of(attribute)
        stored = value_at(item, path) or {}
        blocked = blocked_at(item or {}, path)
        if blocked is not None:
            raise AttributeKept(
                f"{'.'.join(blocked)} of this item is not a map, so {attribute} cannot be set in "
                f"it. Leave out {field_name}, or change it with the program that wrote it."
            )
        if path[0] in names.key.names:
            if value in (None, (), text(item, attribute), number_of(stored.get("N"))):
                continue
            raise AttributeKept(
                f"{attribute} is part of this table's key, so {field_name} is given by the product "
                f"id and cannot be changed. Leave out {field_name}."
            )
        as_text = field_name in NUMBERS and number(item, attribute) is not None
        if stored and not as_text and not stored.keys() <= TYPES[field_name]:
            (kind,) = stored
            raise AttributeKept(
                f"{attribute} of this item is of DynamoDB type {kind}, which another program "
                f"wrote. Stockpulse does not change it: leave out {field_name}, or change it with "
                "that program."
            )
        changed[path] = _encode_field(field_name, value, stored)
    return changed


def _encode_field(name: str, value: Any, stored: AttributeValue) -> AttributeValue | None:
    match name:
        case "name":
            return {"S": value}
        case "stock" | "price" | "reorder_point":
            if value is not None and value == _number_in(stored):
                return stored  # in the form in which another program wrote it
            kind = "S" if "S" in stored else "N"  # a number that is kept as a string stays one
            return None if value is None else {kind: digits(value)}
        case "no_reorder":
            return {"BOOL": True} if value else None
        case "tags" if value:
            return (
                {"SS": sorted(set(value))} if "SS" in stored else {"L": [{"S": t} for t in value]}
            )
        case _:
            return {"S": value} if value else None


def changes_to(product: Product, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose values would change; an equal value keeps the form in which it is stored.

    Texts are equal if they have the same NFC, in which the API hands them over.
    """
    return {
        name: value for name, value in fields.items() if not _equal(getattr(product, name), value)
    }


def _equal(stored: Any, value: Any) -> bool:
    if stored == value:
        return True
    return isinstance(stored, str) and unicodedata.normalize("NFC", stored) == value


def _number_in(stored: AttributeValue) -> Decimal | None:
    return number_of(stored.get("N") or stored.get("S"))
