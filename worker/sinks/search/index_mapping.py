"""The index has an explicit mapping: no document can add a field to it. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

# Raise it with every change of the mapping or of the documents: indices are then built again.
SCHEMA = 1

# The longest term that Lucene stores has 32,766 bytes, and a character has up to four.
_TERM = 8191
_KEYWORD = {"type": "keyword", "ignore_above": _TERM}
_WORDS = {**_KEYWORD, "fields": {"words": {"type": "text"}}}
_NUMBER = {"type": "double", "ignore_malformed": True}
_DATE = {"type": "date", "ignore_malformed": True}
_FLAG = {"type": "boolean"}

PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "product_id": _KEYWORD,
    "name": {"type": "text", "fields": {"raw": _KEYWORD}},
    "category": _WORDS,
    "barcode": _KEYWORD,
    "tags": _WORDS,
    "unit": _KEYWORD,
    "stock": _NUMBER,
    "price": _NUMBER,
    "reorder_point": _NUMBER,
    "no_reorder": _FLAG,
    "low": _FLAG,
    "version": {"type": "long"},
    "created_at": _DATE,
    "updated_at": _DATE,
    "attributes": {"type": "flat_object"},
    "long_attributes": {"type": "object", "enabled": False},
    "deleted": _FLAG,
    "event_key": _KEYWORD,
    "changed_at": _DATE,
}

# One node has no place for a replica, and more nodes need one.
_SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}


def index_body(aliases: Mapping[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
    """The request that creates an index with these aliases and `_meta`."""
    mappings = {"dynamic": "strict", "_meta": meta, "properties": PROPERTIES}
    return {"settings": {"index": _SETTINGS}, "mappings": mappings, "aliases": aliases}


def shape(*settings: object) -> str:
    """What decides how documents look: an index of another shape is built again."""
    return hashlib.sha256(repr((SCHEMA, *settings)).encode()).hexdigest()[:16]


def differences(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each field that an index's mapping has otherwise than we made it."""
    if found.get("dynamic") != "strict":
        yield "The mapping's `dynamic` is no longer `strict`."
    properties = found.get("properties", {})
    for name, wanted in PROPERTIES.items():
        there = properties.get(name)
        if there != wanted:
            kind = "missing" if there is None else f"of type {there.get('type', 'object')}"
            yield f"The mapping's field {name} is {kind}, or has other options."
