"""A stamp says who made a change, and is believed only for that very change of that very item.

Its signature covers the table, the item's key, the metadata and known attributes that the write
left (all attributes, if it restored a deleted item), and those that it was made from. So a stale
copy, a restored backup or a copy under another key is never blamed on a person
(docs/adr/0015-one-map-attribute.md). Pure.

Signatures name the audit key that they were made with: the first key signs, all of them verify.
Each purpose has keys of its own, derived from the audit keys, so that a signature made for one
purpose proves nothing for another.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app.core.item import DEFAULT_NAMES, AttributeNames, Item, canonical
from app.core.metadata import NONE, DeleteMark, Metadata, metadata_of, with_metadata
from app.core.paths import value_at

_PURPOSE = b"stockpulse stamp 1"  # derives keys of their own from the audit keys


class Signatures:
    """Signs and verifies messages of one purpose; without keys, nothing is signed or believed."""

    def __init__(self, audit_keys: Mapping[str, bytes], purpose: bytes) -> None:
        """`audit_keys` by their ids, the one that signs first."""
        self._derived = {
            key_id: hmac.digest(key, purpose, "sha256") for key_id, key in audit_keys.items()
        }

    @property
    def signs_as(self) -> str | None:
        """The id of the key that signs; None without keys."""
        return next(iter(self._derived), None)

    def knows(self, signature: str) -> bool:
        """Whether the signature names a key that is known here."""
        return key_id_of(signature) in self._derived

    def sign(self, message: bytes) -> str | None:
        """The signature, as `key id:base64url`; None without keys."""
        key_id = self.signs_as
        return None if key_id is None else self._by(key_id, message)

    def proves(self, signature: str, message: bytes) -> bool:
        """Whether one of our keys made this signature for this message."""
        key_id = key_id_of(signature)
        if key_id not in self._derived:
            return False
        given = signature.encode(errors="surrogatepass")  # any text that a store can hold
        return hmac.compare_digest(given, self._by(key_id, message).encode())

    def _by(self, key_id: str, message: bytes) -> str:
        digest = hmac.digest(self._derived[key_id], message, "sha256")
        return f"{key_id}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def key_id_of(signature: str) -> str:
    """The id of the key that a signature names."""
    return signature.partition(":")[0]


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
    def scope(self) -> str:
        """What a stamp's signature depends on besides keys and values, as a hash in hex.

        Two processes with the same keys believe each other's stamps if it is the same.
        """
        parts = (f"{part.name}:{part.kind}" for part in self.names.key.parts)
        scope = "\0".join((self.table, *parts, *self.names.known, self.names.metadata))
        return hashlib.sha256(scope.encode()).hexdigest()

    def signed(self, before: Item | None, after: Item, metadata: Metadata) -> Item:
        """Return `after` with this metadata, signed as made from `before` (None: an insert)."""
        plain = with_metadata(after, metadata, self.names)
        signature = self._signature(before, plain)
        return with_metadata(after, replace(metadata, signature=signature), self.names)

    def covers_all(self, before: Item | None, after: Item) -> bool:
        """Whether the signature covers every attribute: the write restored a deleted item."""
        return before is None and "reverses" in after.get(self.names.metadata, {}).get("M", {})

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
        # An item of another program has no signature: nothing is computed for it.
        if not signature or not self._signatures.knows(signature):
            return False
        return self._signatures.proves(signature, self._message(before, after))

    def _signature(self, before: Item | None, after: Item) -> str | None:
        return self._signatures.sign(self._message(before, after)) if self.keys else None

    def _message(self, before: Item | None, after: Item) -> bytes:
        key = self.names.key.of_item(after)
        others = after if self.covers_all(before, after) else {}
        message = canonical(
            {
                **{f"key.{name}": value for name, value in key.items()},
                **{f"all.{n}": v for n, v in others.items() if n != self.names.metadata},
                **self._state("after", after),
                **({} if before is None else self._state("before", before)),
            }
        )
        # What was made from nothing differs from what was made from an item without attributes.
        origin = f"{self.table}\0{'insert' if before is None else 'change'}\0".encode()
        return origin + message

    @cached_property
    def _signatures(self) -> Signatures:
        return Signatures(self.keys or {}, _PURPOSE)

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
