"""A stamp says who made a change, and is believed only for that very change of that very item.

Its signature covers the table, the item's key, the metadata and known attributes that the write
left, and those that it was made from. So a stale copy, a restored backup or a copy under another
key is never blamed on a person (docs/adr/0015-one-map-attribute.md). Pure.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app.core.item import DEFAULT_NAMES, AttributeNames, Item, canonical
from app.core.metadata import NONE, DeleteMark, Metadata, metadata_of, with_metadata
from app.core.paths import value_at

_PURPOSE = b"stockpulse stamp 1"  # derives keys of their own from the audit keys


@dataclass(frozen=True)
class Stamps:
    """Signs and verifies the stamps of one table's items.

    `keys` are the audit keys by id; the first one signs, each of them verifies. Without keys
    nothing is signed and nothing is believed.
    """

    table: str
    names: AttributeNames = DEFAULT_NAMES
    keys: Mapping[str, bytes] | None = None

    @property
    def proofs(self) -> list[str]:
        """One text per key, the signing one first.

        Two processes have one in common if they believe each other's stamps. It reveals no key.
        """
        parts = (f"{part.name}:{part.kind}" for part in self.names.key.parts)
        scope = "\0".join((self.table, *parts, *self.names.known, self.names.metadata)).encode()
        return [
            f"{key_id}:{hmac.digest(key, scope, 'sha256').hex()}"
            for key_id, key in self._derived.items()
        ]

    def signed(self, before: Item | None, after: Item, metadata: Metadata) -> Item:
        """Return `after` with this metadata, signed as made from `before` (None: an insert)."""
        plain = with_metadata(after, metadata, self.names)
        signature = self._signature(before, plain)
        return with_metadata(after, replace(metadata, signature=signature), self.names)

    def is_proved(self, before: Item | None, after: Item) -> bool:
        """Whether the signature of `after` proves that this write made it from `before`."""
        members = after.get(self.names.metadata, {}).get("M", {})
        return self._matches(members.get("signature", {}).get("S"), before, after)

    def marked(self, item: Item, mark: DeleteMark) -> Item:
        """Return the item with a signed delete mark; version and stamp stay as they are."""
        metadata = metadata_of(item, self.names) or NONE
        plain = with_metadata(item, replace(metadata, deleted=mark), self.names)
        mark = replace(mark, signature=self._signature(self.unmarked(item), plain))
        return with_metadata(item, replace(metadata, deleted=mark), self.names)

    def proved_mark(self, item: Item | None) -> DeleteMark | None:
        """Return the item's delete mark, if its signature proves that it was made for this item."""
        metadata = metadata_of(item, self.names)
        if item is None or metadata is None or metadata.deleted is None:
            return None
        mark = metadata.deleted
        return mark if self._matches(mark.signature, self.unmarked(item), item) else None

    def unmarked(self, item: Item) -> Item:
        """Return the item as it was before its delete mark."""
        metadata = metadata_of(item, self.names) or NONE
        return with_metadata(item, replace(metadata, deleted=None), self.names)

    def _matches(self, signature: str | None, before: Item | None, after: Item) -> bool:
        key_id = (signature or "").partition(":")[0]
        if not signature or key_id not in self._derived:
            return False
        return hmac.compare_digest(signature, self._sign(key_id, before, after))

    def _signature(self, before: Item | None, after: Item) -> str | None:
        key_id = next(iter(self._derived), None)
        return None if key_id is None else self._sign(key_id, before, after)

    def _sign(self, key_id: str, before: Item | None, after: Item) -> str:
        key = self.names.key.of_item(after)
        message = canonical(
            {
                **{f"key.{name}": value for name, value in key.items()},
                **self._state("after", after),
                **({} if before is None else self._state("before", before)),
            }
        )
        # What was made from nothing differs from what was made from an item without attributes.
        origin = f"{self.table}\0{'insert' if before is None else 'change'}\0".encode()
        digest = hmac.digest(self._derived[key_id], origin + message, "sha256")
        return f"{key_id}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    @cached_property
    def _derived(self) -> dict[str, bytes]:
        keys = self.keys or {}
        return {key_id: hmac.digest(key, _PURPOSE, "sha256") for key_id, key in keys.items()}

    def _state(self, side: str, item: Item) -> dict[str, Any]:
        """What a write of ours decides: the known attributes, and the metadata without signatures.

        Each value is under a name of its own: this runs for every stream record.
        """
        state: dict[str, Any] = {
            f"{side}.{name}": value
            for name, path in zip(self.names.known, self.names.known_paths, strict=True)
            if (value := value_at(item, path)) is not None
        }
        members = item.get(self.names.metadata, {}).get("M")
        if members is not None:
            unsigned = {name: value for name, value in members.items() if name != "signature"}
            if "deleted" in unsigned:
                mark = unsigned["deleted"].get("M", {})
                kept = {name: value for name, value in mark.items() if name != "signature"}
                unsigned["deleted"] = {"M": kept}
            state[f"{side}.{self.names.metadata}"] = {"M": unsigned}
        return state
