"""All that Stockpulse adds to an item lies in one map attribute; everything else is its owner's.

The map holds strings, numbers and maps only, because JSON editors destroy sets. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.item import AttributeNames, AttributeValue, Item

_VERSION = re.compile(r"0|[1-9]\d{0,14}")
_TEXTS = (
    "created_at",
    "updated_at",
    "actor",
    "request_id",
    "reason",
    "note",
    "reference",
    "reverses",
    "counted_at",
    "signature",
)
_MARK_TEXTS = ("at", "actor", "request_id", "reason", "note", "reverses", "signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMark:
    """Who is about to delete the item, and why; the stream's last image shows it."""

    at: str
    actor: str
    request_id: str
    reason: str | None = None
    note: str | None = None
    reverses: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What our last write left on an item; times are RFC 3339 in UTC.

    `version` counts our writes: it is 0 on an item that has only been marked for deletion.
    `created_at` is None on an item that another program created. `reverses` is the id of the event
    that the write took back. `counted_at` is the time of the last stock count, which later writes
    keep.
    """

    version: int = 0
    created_at: str | None = None
    updated_at: str | None = None
    actor: str | None = None
    request_id: str | None = None
    reason: str | None = None
    note: str | None = None
    reference: str | None = None
    reverses: str | None = None
    counted_at: str | None = None
    signature: str | None = None
    deleted: DeleteMark | None = None

    def unsigned(self) -> "Metadata":
        """The same without signatures."""
        deleted = self.deleted and replace(self.deleted, signature=None)
        return replace(self, signature=None, deleted=deleted)


NONE = Metadata()


def metadata_of(item: Item | None, names: AttributeNames) -> Metadata | None:
    """Return the item's metadata, `NONE` if it has none.

    None: another program keeps something else under that name.
    """
    if item is None or names.metadata not in item:
        return NONE
    members = item[names.metadata].get("M")
    if not isinstance(members, Mapping):
        return None
    number = members.get("version", {}).get("N", "")
    rest = dict(members)
    rest.pop("version", None)
    rest.pop("deleted", None)
    texts = _texts(rest, _TEXTS)
    deleted = _mark(members["deleted"]) if "deleted" in members else None
    if texts is None or not _VERSION.fullmatch(number) or ("deleted" in members) != bool(deleted):
        return None
    return Metadata(version=int(number), deleted=deleted, **texts)


def with_metadata(item: Item, metadata: Metadata, names: AttributeNames) -> Item:
    """Return the item with this metadata; `NONE` leaves no attribute."""
    rest = {name: value for name, value in item.items() if name != names.metadata}
    return rest if metadata == NONE else {**rest, names.metadata: encoded(metadata)}


def encoded(metadata: Metadata) -> AttributeValue:
    """Return the map attribute that holds this metadata."""
    members: dict[str, Any] = {"version": {"N": str(metadata.version)}}
    members |= _strings(metadata, _TEXTS)
    if metadata.deleted is not None:
        members["deleted"] = {"M": _strings(metadata.deleted, _MARK_TEXTS)}
    return {"M": members}


def _strings(part: Metadata | DeleteMark, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"S": value} for name in names if (value := getattr(part, name))}


def _mark(value: AttributeValue) -> DeleteMark | None:
    members = value.get("M")
    texts = _texts(members, _MARK_TEXTS) if isinstance(members, Mapping) else None
    if texts is None or not {"at", "actor", "request_id"} <= texts.keys():
        return None
    return DeleteMark(**texts)


def _texts(members: Mapping[str, AttributeValue], known: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the members as strings; None if one is unknown or no string."""
    found: dict[str, Any] = {}
    for name, value in members.items():
        if name not in known or not isinstance(value.get("S"), str):
            return None
        found[name] = value["S"]
    return found
