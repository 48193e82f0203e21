"""What an audit chain proves about itself, decided by a pure function over one product's entries.

Each entry's HMAC shows that it is as it was written; each before must be the previous
after (see `app.store.audit.chain` for the one exception); the last after must be the live item.
What this cannot see is in `BLIND_SPOTS`.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core.events import RESERVED
from app.core.item import Item, digest
from app.store.audit.chain import BOTH_IMAGES, Link, goes_on, is_baseline, link_of
from app.store.audit.damaged import MALFORMED
from app.store.audit.entry import event_of, signature

Damage = Literal["changed", "unknown-key", "broken-chain", "no-beginning", "cut-off", "no-history"]

BLIND_SPOTS = (
    "entries removed in a row whose outer images are equal",
    "the whole history of a product that is not in the table",
    "the chain where the stream's view leaves images out",
    "what was taken away before a reconciliation bridged it: look at each reconciled entry",
    "a removed gap of a whole shard",
    "changes removed of the minutes before a history's baseline was written",
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


@dataclass(slots=True)
class Checked:
    """A product's chain: damage, how many entries of each kind, and what its last word is.

    `last_after` is a hash: None where the last entry says that the product is gone. `last_view`
    is None where there are no entries.
    """

    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    gaps: int = 0
    reconciled: int = 0
    last_after: str | None = None
    last_view: str | None = None


def check_entries(
    product_id: str, entries: Iterable[Mapping[str, Any]], keys: Mapping[str, bytes]
) -> Checked:
    """Damage within a product's entries, oldest first.

    A gap is no damage: it is a link that says what it bridges, and it is counted.
    """
    checked = Checked()
    trail: list[Link] = []  # the last record's link, and what lies behind it
    for entry in entries:
        checked.entries += 1
        try:
            link, found = link_of(entry), _check_one(product_id, entry, keys)
        except MALFORMED as error:
            detail = f"it is none that Stockpulse writes ({type(error).__name__}: {error})"
            checked.findings.append(Finding(product_id, "changed", entry["EventKey"]["S"], detail))
            continue
        is_record = link.kind not in {"gap", "reconciled"}
        checked.gaps += link.kind == "gap"
        checked.reconciled += link.kind == "reconciled"
        checked.findings += found
        if not product_id.startswith(RESERVED) and not _leaves_before_open(entry):
            checked.findings += _check_link(product_id, trail, link)
        trail = [link] if is_record else [*trail, link]
        checked.last_after, checked.last_view = link.after, link.view_type
    return checked


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


def _check_link(product_id: str, trail: list[Link], link: Link) -> list[Finding]:
    if link.view_type != BOTH_IMAGES:
        return []
    if not trail:
        if (link.event_name == "INSERT" and link.kind != "reconciled") or is_baseline(link.key):
            return []
        detail = "the oldest entry is not an insert: what was before it is missing"
        return [Finding(product_id, "no-beginning", link.key, detail)]
    last = trail[-1]
    if last.view_type != BOTH_IMAGES or last.after == link.before:
        return []
    # Only a record can make `reconciled` entries void.
    if link.kind not in {"gap", "reconciled"} and goes_on(trail, link.before, link.occurred_at):
        return []
    detail = f"it does not follow on {last.key}: something between is missing or false"
    return [Finding(product_id, "broken-chain", link.key, detail)]


def _leaves_before_open(entry: Mapping[str, Any]) -> bool:
    """Whether a gap or reconciled entry followed on one too large for its images to be kept."""
    made_here = entry["Kind"]["S"] in {"gap", "reconciled"}
    return made_here and "ImagesOmitted" in entry and "BeforeHash" not in entry


def _hash(entry: Mapping[str, Any], image: str) -> str | None:
    value: str | None = entry.get(f"{image}Hash", {}).get("S")
    return value
