"""A product is read from its item without loss: unknown attributes appear under `attributes`.

Pure: item → Product, and fields → attributes. The ETag has three parts, so that a sale (stock) does
not invalidate an open edit (details).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from app.core.errors import AttributeKept, UnitNotStored
from app.core.item import (
    DEFAULT_NAMES,
    AttributeNames,
    AttributeValue,
    Item,
    digest,
    plain_item,
    stock,
    text,
)
from app.core.metadata import NONE, encoded, metadata_of
from app.core.numbers import digits, number_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """A product's fields as a client sends them."""

    product_id: str
    name: str
    stock: Decimal
    category: str | None = None
    price: Decimal | None = None
    reorder_point: Decimal | None = None
    tags: tuple[str, ...] = ()
    barcode: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A write's author, reason and request; each write sets or removes all of these attributes."""

    actor: str
    request_id: str
    reason: str | None = None
    note: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product as the API shows it; a field is None if the item lacks it."""

    product_id: str
    name: str | None
    stock: Decimal | None
    category: str | None
    price: Decimal | None
    reorder_point: Decimal | None
    tags: tuple[str, ...]
    barcode: str | None
    unit: str | None
    attributes: dict[str, Any]
    version: int
    created_at: str | None
    updated_at: str | None
    etag: str = field(compare=False)


def product_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> Product:
    """The product in an item."""
    metadata = metadata_of(item, names) or NONE
    return Product(
        product_id=item[names.key]["S"],
        name=text(item, names.name),
        stock=stock(item, names),
        category=text(item, names.category),
        price=_decimal(item, names.price),
        reorder_point=_decimal(item, names.reorder_point),
        tags=_tags(item, names),
        barcode=text(item, names.barcode),
        unit=text(item, names.unit),
        attributes=plain_item(item, _shown_elsewhere(item, names)),
        version=metadata.version,
        created_at=metadata.created_at,
        updated_at=metadata.updated_at,
        etag=etag_of(item, names),
    )


def etag_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> str:
    """The ETag: `"<details>.<stock and metadata>.<other attributes>"`, three hashes with quotes.

    A delete mark and ignored attributes count in none of them.
    """
    metadata = metadata_of(item, names)
    counted = {names.stock: item[names.stock]} if names.stock in item else {}
    if metadata is None:
        counted[names.metadata] = item[names.metadata]
    elif (unmarked := replace(metadata, deleted=None)) != NONE:
        counted[names.metadata] = encoded(unmarked)
    details = {name: item[name] for name in names.details if name in item}
    apart = {names.key, names.metadata, *names.known}
    others = {
        name: value
        for name, value in item.items()
        if name not in apart and not names.is_ignored(name)
    }
    return f'"{".".join(digest(part)[:16] for part in (details, counted, others))}"'


def encode_fields(
    fields: Mapping[str, Any], names: AttributeNames, item: Item | None = None
) -> dict[str, AttributeValue | None]:
    """API fields as attributes to set; None for an attribute to remove.

    Raises:
        UnitNotStored: there is a unit, but the table has no attribute for it.
        AttributeKept: `item` holds something of another type there, which another program owns.

    """
    changed: dict[str, AttributeValue | None] = {}
    for field_name, value in fields.items():
        attribute = getattr(names, field_name)
        if attribute is None:
            if value is None:
                continue
            raise UnitNotStored(
                "This deployment stores no units. Leave out unit, or set STOCKPULSE_UNIT_ATTRIBUTE."
            )
        stored = (item or {}).get(attribute, {})
        if stored and not stored.keys() <= _TYPES[field_name]:
            (kind,) = stored
            raise AttributeKept(
                f"{attribute} of this item is of DynamoDB type {kind}, which another program "
                f"wrote. Stockpulse does not change it: leave out {field_name}, or change it with "
                "that program."
            )
        changed[attribute] = _encode_field(field_name, value, stored)
    return changed


# The types that each field may be stored as; others belong to the program that wrote them.
_TYPES = {
    "name": {"S"},
    "stock": {"N"},
    "category": {"S"},
    "price": {"N"},
    "reorder_point": {"N"},
    "tags": {"L", "SS"},
    "barcode": {"S"},
    "unit": {"S"},
}


def _encode_field(name: str, value: Any, stored: AttributeValue) -> AttributeValue | None:
    match name:
        case "name":
            return {"S": value}
        case "stock":
            return {"N": digits(value)}
        case "price" | "reorder_point":
            return None if value is None else {"N": digits(value)}
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


def _shown_elsewhere(item: Item, names: AttributeNames) -> set[str]:
    """Names of attributes that are product fields, and so not shown under `attributes`.

    A known attribute with an unexpected type stays under `attributes`, so that everything that
    other programs write is visible.
    """
    fields: dict[str | None, bool] = {
        names.key: True,
        names.metadata: metadata_of(item, names) is not None,
        names.name: text(item, names.name) is not None,
        names.stock: stock(item, names) is not None,
        names.price: _decimal(item, names.price) is not None,
        names.reorder_point: _decimal(item, names.reorder_point) is not None,
        names.tags: bool(_tags(item, names)),
        names.category: text(item, names.category) is not None,
        names.barcode: text(item, names.barcode) is not None,
        names.unit: text(item, names.unit) is not None,
    }
    return {name for name, is_field in fields.items() if name is not None and is_field}


def _decimal(item: Item, name: str) -> Decimal | None:
    return number_of(item.get(name, {}).get("N"))


def _tags(item: Item, names: AttributeNames) -> tuple[str, ...]:
    value = item.get(names.tags, {})
    if "SS" in value:
        return tuple(sorted(value["SS"]))
    members = value.get("L", [])
    return tuple(member["S"] for member in members) if all("S" in m for m in members) else ()
