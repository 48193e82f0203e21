"""A product is read from its item without loss: unknown attributes appear under `attributes`.

Pure: item → Product, and fields → attributes. The ETag has two halves, so that a sale (stock) does
not invalidate an open edit (details).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.core.item import (
    BOOKKEEPING,
    DEFAULT_NAMES,
    DETAILS,
    AttributeNames,
    AttributeValue,
    Item,
    digest,
    plain_item,
    stock,
    text,
    version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """A product's fields as a client sends them."""

    product_id: str
    name: str
    stock: int
    category: str | None = None
    price: Decimal | None = None
    reorder_point: int | None = None
    tags: tuple[str, ...] = ()
    barcode: str | None = None


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
    stock: int | None
    category: str | None
    price: Decimal | None
    reorder_point: int | None
    tags: tuple[str, ...]
    barcode: str | None
    attributes: dict[str, Any]
    version: int
    created_at: str | None
    updated_at: str | None
    etag: str = field(compare=False)


def product_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> Product:
    """The product in an item."""
    return Product(
        product_id=item[names.key]["S"],
        name=text(item, names.name),
        stock=stock(item, names),
        category=text(item, "Category"),
        price=_decimal(item, "Price"),
        reorder_point=_integer(item, "ReorderPoint"),
        tags=_tags(item),
        barcode=text(item, "Barcode"),
        attributes=plain_item(item, _shown_elsewhere(item, names)),
        version=version(item),
        created_at=text(item, "CreatedAt"),
        updated_at=text(item, "UpdatedAt"),
        etag=etag_of(item, names),
    )


def etag_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> str:
    """The ETag: `"<hash of details>.<hash of Stock and Version>"`, with the quotes."""
    counted = {names.stock, "Version"}
    details = {name: value for name, value in item.items() if name not in BOOKKEEPING | counted}
    counts = {name: item[name] for name in sorted(counted) if name in item}
    return f'"{digest(details)[:16]}.{digest(counts)[:16]}"'


def detail_attributes(names: AttributeNames) -> tuple[str, ...]:
    """The attributes that our writes can change and that the ETag's first half covers."""
    return (names.name, *DETAILS)


def known_attributes(names: AttributeNames) -> tuple[str, ...]:
    """The attributes that our writes can change: the stock and the details."""
    return (names.stock, *detail_attributes(names))


def encode_fields(
    fields: Mapping[str, Any], names: AttributeNames
) -> dict[str, AttributeValue | None]:
    """API fields as attributes to set; None for an attribute to remove."""
    encoded: dict[str, AttributeValue | None] = {}
    for name, value in fields.items():
        match name:
            case "name":
                encoded[names.name] = {"S": value}
            case "stock":
                encoded[names.stock] = {"N": str(value)}
            case "category" | "barcode":
                encoded[name.capitalize()] = {"S": value} if value else None
            case "price":
                encoded["Price"] = None if value is None else {"N": _digits(value)}
            case "reorder_point":
                encoded["ReorderPoint"] = None if value is None else {"N": str(value)}
            case "tags":
                encoded["Tags"] = {"L": [{"S": tag} for tag in value]} if value else None
    return encoded


def changes_to(product: Product, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose values would change; an equal value keeps the form in which it is stored."""
    return {name: value for name, value in fields.items() if getattr(product, name) != value}


def _shown_elsewhere(item: Item, names: AttributeNames) -> set[str]:
    """Names of attributes that are product fields, and so not shown under `attributes`.

    A known attribute with an unexpected type stays under `attributes`, so that everything that
    other programs write is visible.
    """
    known = {names.key, "CreatedAt"} | set(BOOKKEEPING)
    if text(item, names.name) is not None:
        known.add(names.name)
    if stock(item, names) is not None:
        known.add(names.stock)
    if _decimal(item, "Price") is not None:
        known.add("Price")
    if _integer(item, "ReorderPoint") is not None:
        known.add("ReorderPoint")
    if _tags(item):
        known.add("Tags")
    return known | {name for name in ("Category", "Barcode") if text(item, name) is not None}


def _decimal(item: Item, name: str) -> Decimal | None:
    digits = item.get(name, {}).get("N")
    return None if digits is None else Decimal(digits)


def _integer(item: Item, name: str) -> int | None:
    number = _decimal(item, name)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _tags(item: Item) -> tuple[str, ...]:
    value = item.get("Tags", {})
    if "SS" in value:
        return tuple(sorted(value["SS"]))
    members = value.get("L", [])
    return tuple(member["S"] for member in members) if all("S" in m for m in members) else ()


def _digits(number: Decimal) -> str:
    """A number as DynamoDB returns it: without an exponent or trailing zeros."""
    text_form = format(number, "f")
    return text_form.rstrip("0").rstrip(".") if "." in text_form else text_form
