"""A product becomes one document; a deleted one stays as a document that keeps its event key.

What Stockpulse knows about a product has a field of its own. All other attributes lie under
`attributes`, in one flattened field: there no name is reserved, and no type conflicts. An attribute
with a value that is too long for a term is kept, but cannot be searched. Pure.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.core.events import rfc3339
from app.core.item import AttributeNames, Item
from app.core.numbers import json_number
from app.store.products.model import product_of

TERM_BYTES = 32_000  # Lucene's limit is 32,766, for the path and the value of an attribute together
ID_BYTES = 512  # the longest `_id` of OpenSearch
_HASHED = "sha256:"
TECHNICAL = frozenset({"event_key", "changed_at"})  # fields that are not the product's


@dataclass(frozen=True, slots=True)
class Document:
    """A document to be stored unless the index has one with an equal or greater event key.

    `since`: when the event happened that the document was made from; None if the product was just
    read from the tables. `key` is "" for a product without an audit entry.
    """

    product_id: str
    key: str
    body: bytes
    since: datetime | None = None

    @property
    def id(self) -> str:
        """The document's `_id`."""
        return document_id(self.product_id)


@dataclass(frozen=True, slots=True)
class Rendering:
    """Makes documents from items.

    `selects` says which products are in the index (None: all), `shown` what of an item leaves the
    house.
    """

    names: AttributeNames
    shown: Callable[[Item | None], Item | None]
    selects: Callable[[Item], bool] | None = None

    def document(
        self,
        product_id: str,
        key: str,
        item: Item | None,
        changed_at: datetime | None,
        since: datetime | None = None,
    ) -> Document:
        """The document of a product's item; None, or an item of another kind: it is deleted."""
        fields = self._fields(item)
        body: dict[str, Any] = {"product_id": product_id, "deleted": fields is None}
        body |= fields or {}
        body |= {"event_key": key}
        if changed_at is not None:
            body["changed_at"] = rfc3339(changed_at)
        return Document(product_id, key, encoded(body), since)

    def _fields(self, item: Item | None) -> dict[str, Any] | None:
        if item is None or not self.names.is_product(item):
            return None
        if self.selects is not None and not self.selects(item):
            return None
        try:
            product = product_of(self.shown(item) or {}, self.names)
        except (KeyError, ValueError):  # an image from before the table got another key
            return None
        fields: dict[str, Any] = {
            "name": product.name,
            "category": product.category,
            "barcode": product.barcode,
            "tags": list(product.tags) or None,
            "unit": product.unit,
            "stock": json_number(product.stock),
            "price": json_number(product.price),
            "reorder_point": json_number(product.reorder_point),
            "no_reorder": product.no_reorder,
            "low": product.is_low,
            "version": product.version,
            "created_at": product.created_at,
            "updated_at": product.updated_at,
        }
        short, long = split(product.attributes)
        fields |= {"attributes": short or None, "long_attributes": long or None}
        return {name: value for name, value in fields.items() if value is not None}


def split(attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes that can be searched, and those with a value that is too long for it."""
    if len(encoded(attributes)) <= TERM_BYTES:
        return dict(attributes), {}
    long = {name for name, value in attributes.items() if _longest(name, value) > TERM_BYTES}
    return (
        {name: value for name, value in attributes.items() if name not in long},
        {name: value for name, value in attributes.items() if name in long},
    )


def _longest(path: str, value: Any) -> int:
    """The bytes of the longest path with its value."""
    match value:
        case Mapping():
            return max((_longest(f"{path}.{name}", one) for name, one in value.items()), default=0)
        case list():
            return max((_longest(path, one) for one in value), default=0)
        case _:
            return len(f"{path}={value}".encode(errors="surrogatepass"))


def document_id(product_id: str) -> str:
    """The `_id` of a product's document: its id, or a hash of one that is too long. One to one."""
    raw = product_id.encode()
    if len(raw) <= ID_BYTES and not product_id.startswith(_HASHED):
        return product_id
    return _HASHED + hashlib.sha256(raw).hexdigest()


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON on one line; half an emoji, which OpenSearch rejects, becomes U+FFFD."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return orjson.dumps(_whole(body))


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {_whole(name): _whole(member) for name, member in value.items()}
        case list():
            return [_whole(member) for member in value]
        case _:
            return value
