"""What an audit chain proves about itself, decided by a pure function over one product's entries.

Each entry's HMAC shows that it is as it was written; each before must be the previous
after; the last after must be the live item. What this cannot see is in `BLIND_SPOTS`.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.item import Item, digest
from app.store.audit_entry import event_of, signature

Damage = Literal["changed", "unknown-key", "broken-chain", "no-beginning", "cut-off", "no-history"]

BLIND_SPOTS = (
    "entries removed in a row whose outer images are equal",
    "the whole history of a product that is not in the table",
    "the chain where the stream's view leaves images out",
)

# In an entry, but not in what its HMAC is taken over: images (their hashes are), and expiry.
_UNSIGNED = {"HMAC", "Before", "After", "BeforeZ", "AfterZ", "ExpiresAt"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One damage: what kind, at which entry (None: to the history as a whole), in words."""

    product_id: str
    damage: Damage
    event_key: str | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.event_key is None else f" at {self.event_key}"
        return f"{self.damage}: product {self.product_id!r}{place}: {self.detail}"


def check_entries(
    product_id: str, entries: Iterable[Mapping[str, Any]], keys: Mapping[str, bytes]
) -> tuple[list[Finding], str | None]:
    """Damage within a product's entries, oldest first, and the hash of the last image after.

    The hash is None where the last entry says that the product is gone, or cannot say.
    """
    findings: list[Finding] = []
    last: Mapping[str, Any] | None = None
    for entry in entries:
        findings += _check_one(product_id, entry, keys)
        findings += _check_link(product_id, last, entry)
        last = entry
    return findings, None if last is None else _hash(last, "After")


def check_live(
    product_id: str, last_after: str | None, live: Item | None, *, has_entries: bool
) -> list[Finding]:
    """Whether the audit's last word is what the table holds."""
    if not has_entries:
        detail = "the product is in the table, but nothing of it was ever audited"
        return [Finding(product_id, "no-history", None, detail)] if live is not None else []
    now = None if live is None else digest(live)
    if now == last_after:
        return []
    detail = "the last audited image is not what the table holds: the end is missing"
    return [Finding(product_id, "cut-off", None, detail)]


def _check_one(
    product_id: str, entry: Mapping[str, Any], keys: Mapping[str, bytes]
) -> list[Finding]:
    event_key = entry["EventKey"]["S"]
    key_id = entry.get("KeyID", {}).get("S", "")
    key = keys.get(key_id)
    if key is None:
        detail = f"signed with the key {key_id!r}, which STOCKPULSE_AUDIT_KEYS does not hold"
        return [Finding(product_id, "unknown-key", event_key, detail)]
    fields = {name: value for name, value in entry.items() if name not in _UNSIGNED}
    claimed = entry.get("HMAC", {}).get("S", "")
    if not hmac.compare_digest(signature(fields, key), claimed):
        detail = "the entry is not as it was signed"
        return [Finding(product_id, "changed", event_key, detail)]
    if "ImagesOmitted" in entry:
        return []
    event = event_of(entry)
    for name, image in (("Before", event.before), ("After", event.after)):
        found = None if image is None else digest(image)
        if found != _hash(entry, name):
            detail = f"its image {name.lower()} is not as it was signed"
            return [Finding(product_id, "changed", event_key, detail)]
    return []


def _check_link(
    product_id: str, last: Mapping[str, Any] | None, entry: Mapping[str, Any]
) -> list[Finding]:
    if entry["ViewType"]["S"] != "NEW_AND_OLD_IMAGES":
        return []
    event_key, before = entry["EventKey"]["S"], _hash(entry, "Before")
    if last is None:
        if entry["EventName"]["S"] == "INSERT":
            return []
        detail = "the oldest entry is not an insert: what was before it is missing"
        return [Finding(product_id, "no-beginning", event_key, detail)]
    if last["ViewType"]["S"] != "NEW_AND_OLD_IMAGES" or before == _hash(last, "After"):
        return []
    detail = f"it does not follow on {last['EventKey']['S']}: something between is missing or false"
    return [Finding(product_id, "broken-chain", event_key, detail)]


def _hash(entry: Mapping[str, Any], image: str) -> str | None:
    value: str | None = entry.get(f"{image}Hash", {}).get("S")
    return value
