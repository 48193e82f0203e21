"""A product is read from its item without loss: unknown attributes appear under `attributes`.

Pure: item → Product, and fields → attributes. The ETag has three parts, so that a sale (stock) does
not invalidate an open edit (details).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from app.core.item import (
    DEFAULT_NAMES,
    AttributeNames,
    AttributeValue,
    Item,
    digest,
    plain_item,
    text_in,
)
from app.core.metadata import NONE, encoded, metadata_of
from app.core.numbers import number_in
from app.core.paths import Path, blocked_at, path_of, value_at, without

NUMBERS = {"stock", "price", "reorder_point"}

# The types that each field may be stored as; others belong to the program that wrote them.
TYPES = {
    "name": {"S"},
    "stock": {"N"},
    "category": {"S"},
    "price": {"N"},
    "reorder_point": {"N"},
    "tags": {"L", "SS"},
    "barcode": {"S"},
    "no_reorder": {"BOOL"},
    "unit": {"S"},
}


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
    no_reorder: bool = False
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A write's author, reason and request; each write sets or removes all of these attributes.

    `reverses` is the id of the event that the write takes back. `counts`: the stock is
    counted. `counted_at` is the time of the last count from now on (empty: there was none), where
    the write takes back a later one; None: it stays.
    """

    actor: str
    request_id: str
    reason: str | None = None
    note: str | None = None
    reference: str | None = None
    reverses: str | None = None
    counts: bool = False
    counted_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product as the API shows it; a field is None if the item lacks it.

    `make_etag` runs when the ETag is first read: a list of products shows none.
    """

    product_id: str
    name: str | None
    stock: Decimal | None
    category: str | None
    price: Decimal | None
    reorder_point: Decimal | None
    tags: tuple[str, ...]
    barcode: str | None
    no_reorder: bool
    unit: str | None
    attributes: dict[str, Any]
    version: int
    created_at: str | None
    updated_at: str | None
    mistyped: tuple[str, ...] = ()  # fields whose attribute holds something of another type
    make_etag: Callable[[], str] = field(compare=False, repr=False)

    @property
    def low_at(self) -> Decimal | None:
        """The stock at or below which the product is low; None: it never is."""
        return low_point(self.reorder_point, no_reorder=self.no_reorder)

    @property
    def is_low(self) -> bool:
        """Whether the product is low."""
        return self.stock is not None and self.low_at is not None and self.stock <= self.low_at

    @cached_property
    def etag(self) -> str:
        """The ETag, as `etag_of` makes it."""
        return self.make_etag()


def low_point(reorder_point: Decimal | None, *, no_reorder: bool) -> Decimal | None:
    """The reorder point if it counts: it is above 0, and the product is to be reordered."""
    counts = reorder_point is not None and reorder_point > 0 and not no_reorder
    return reorder_point if counts else None


def product_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> Product:
    """The product in an item.

    A known attribute with an unexpected type is `mistyped` and stays under `attributes`, so that
    everything that other programs write is visible.
    """
    metadata = metadata_of(item, names)
    paths = names.field_paths
    values = {field_name: value_at(item, path) for field_name, path in paths.items()}
    fields: dict[str, Any] = {
        "name": text_in(values["name"]),
        "stock": number_in(values["stock"]),
        "category": text_in(values["category"]),
        "price": number_in(values["price"]),
        "reorder_point": number_in(values["reorder_point"]),
        "tags": _tags_in(values["tags"]),
        "barcode": text_in(values["barcode"]),
        "no_reorder": (values["no_reorder"] or {}).get("BOOL"),
        "unit": text_in(values.get("unit")),
    }
    unread = [name for name in paths if fields[name] is None or fields[name] == ()]
    read = [path for field_name, path in paths.items() if field_name not in unread]
    fields["no_reorder"] = bool(fields["no_reorder"])
    own = [(names.key.partition.name,)] if names.key.is_text else []
    own += [] if metadata is None else [(names.metadata,)]
    ours = metadata or NONE
    return Product(
        product_id=names.key.id_of(item),
        **fields,
        attributes=plain_item(without(item, (*read, *own))),
        version=ours.version,
        created_at=ours.created_at,
        updated_at=ours.updated_at,
        mistyped=tuple(
            field_name
            for field_name in unread
            if paths[field_name] not in read
            and _holds_another_type(item, field_name, paths[field_name], values[field_name])
        ),
        make_etag=partial(etag_of, item, names),
    )


def etag_of(item: Item, names: AttributeNames = DEFAULT_NAMES) -> str:
    """The ETag: `"<details>.<stock and metadata>.<other attributes>"`, three hashes with quotes.

    A delete mark and ignored attributes count in none of them.
    """
    metadata = metadata_of(item, names)
    counted = _present(item, (names.stock,))
    if metadata is None:
        counted[names.metadata] = item[names.metadata]
    elif metadata.deleted is None:
        counted |= _present(item, (names.metadata,))
    elif (unmarked := replace(metadata, deleted=None)) != NONE:
        counted[names.metadata] = encoded(unmarked)
    details = _present(item, names.details)
    apart = {*names.key.names, names.metadata}
    others = {
        name: value
        for name, value in without(item, names.known_paths).items()
        if name not in apart and not names.is_ignored(name)
    }
    return f'"{".".join(digest(part)[:16] for part in (details, counted, others))}"'


def _holds_another_type(item: Item, field_name: str, path: Path, value: Any) -> bool:
    """Whether a field that could not be read from the `value` at its path holds anything."""
    if value is None:
        return len(path) > 1 and blocked_at(item, path) is not None
    return field_name != "tags" or value != {"L": []}


def _present(item: Item, names: Iterable[str]) -> dict[str, AttributeValue]:
    values = {name: value_at(item, path_of(name)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def tags_of(item: Item, names: AttributeNames) -> tuple[str, ...]:
    """The product's tags; none if the attribute holds something else."""
    return _tags_in(value_at(item, path_of(names.tags)))


def _tags_in(value: AttributeValue | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if "SS" in value:
        return tuple(sorted(value["SS"]))
    members = value.get("L", [])
    return tuple(member["S"] for member in members) if all("S" in m for m in members) else ()
