"""A product's audit chain is verified by pure functions over its entries and the live item.

Each entry's HMAC proves that it is unchanged. Each before image must be the previous after image
(`app.store.audit.chain` has the one exception). The last after image must be the live item.
`BLIND_SPOTS` lists what this cannot detect.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.core.events import RESERVED
from app.core.item import Item, digest
from app.store.audit.chain import BOTH_IMAGES, Link, goes_on, is_baseline, link_of
from app.store.audit.damaged import MALFORMED
from app.store.audit.entry import event_of, signature

Damage = Literal["changed", "unknown-key", "broken-chain", "no-beginning", "cut-off", "no-history"]

BLIND_SPOTS = (
    "consecutive entries removed where the images before and after them are equal",
    "a removed history of a product that is not in the table",
    "a broken chain where the stream's view type leaves out images",
    "entries removed before a reconciliation bridged them (review each reconciled entry)",
    "a removed gap entry of a shard",
    "removed changes from the minutes before a history's baseline was written",
    "with STOCKPULSE_AUDIT_RETENTION_DAYS, entries removed from the beginning of a history",
)

# Fields that the HMAC does not cover: images (it covers their hashes) and expiry.
_UNSIGNED = {"HMAC", "Before", "After", "BeforeZ", "AfterZ", "ExpiresAt"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One damage: its kind, its entry (None: the history as a whole), and a description."""

    product_id: str
    damage: Damage
    event_key: str | None
    detail: str

    @property
    def is_transient(self) -> bool:
        """Whether a change causes it, too, until it reaches the audit."""
        return self.damage in {"cut-off", "no-history"}

    def __str__(self) -> str:
        place = "" if self.event_key is None else f" at {self.event_key}"
        return f"{self.damage}: product {self.product_id!r}{place}: {self.detail}"


@dataclass(slots=True)
class Checked:
    """The result for a product's chain: damage, counts of entries, and the last entry's state.

    `repeats` are entries with the request id of an earlier one: a request makes one change, so
    another program has written the states before and after it again.

    `last_after` is the hash of the last after image; None if the last entry says that the product
    does not exist. `last_view` is the last entry's view type; None if there are no entries.
    `expired` entries are not part of the chain. `starts` is the time of the first other one, and
    `begins_late` says that earlier ones have expired, or were removed.
    """

    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    expired: int = 0
    gaps: int = 0
    reconciled: int = 0
    repeats: int = 0
    last_after: str | None = None
    last_view: str | None = None
    starts: datetime | None = None
    begins_late: bool = False

    @property
    def has_transient(self) -> bool:
        """Whether a change that has not reached the audit may have caused a finding."""
        return any(found.is_transient for found in self.findings)


def check_entries(
    product_id: str,
    entries: Iterable[Mapping[str, Any]],
    keys: Mapping[str, bytes],
    expired_by: float | None = None,
) -> Checked:
    """Check a product's entries, oldest first.

    A gap is counted and is not damage: it links the entries on both sides of it. `expired_by` is a
    Unix time; None if entries are kept for ever. DynamoDB deletes expired entries late and in any
    order, so of those that are left only the signatures are checked.
    """
    checked = Checked()
    requests: set[str] = set()
    trail: list[Link] = []  # the last record's link, and the gap and reconciled entries after it
    for entry in entries:
        checked.entries += 1
        try:
            link, found = link_of(entry), _check_one(product_id, entry, keys)
        except MALFORMED as error:
            detail = f"Stockpulse cannot have written it ({type(error).__name__}: {error})"
            checked.findings.append(Finding(product_id, "changed", entry["EventKey"]["S"], detail))
            continue
        checked.findings += found
        if expired_by is not None and _expires_at(entry) <= expired_by:
            checked.expired += 1
            continue
        is_record = link.kind not in {"gap", "reconciled"}
        checked.gaps += link.kind == "gap"
        checked.reconciled += link.kind == "reconciled"
        if link.request_id is not None:
            checked.repeats += link.request_id in requests
            requests.add(link.request_id)
        if checked.starts is None:
            checked.starts = link.occurred_at
            checked.begins_late = expired_by is not None and not _begins(link)
        if not (product_id.startswith(RESERVED) or _leaves_before_open(entry)) and (
            trail or not checked.begins_late
        ):
            checked.findings += _check_link(product_id, trail, link)
        trail = [link] if is_record else [*trail, link]
        checked.last_after, checked.last_view = link.after, link.view_type
    return checked


def check_live(
    product_id: str, last_after: str | None, live: Item | None, *, has_entries: bool
) -> list[Finding]:
    """Compare the last audited state with the live item (None: not in the table)."""
    if not has_entries:
        detail = "the product is in the table, but has no audit entry"
        return [Finding(product_id, "no-history", None, detail)] if live is not None else []
    now = None if live is None else digest(live)
    if now == last_after:
        return []
    detail = "the last audited image differs from the table: entries at the end are missing"
    return [Finding(product_id, "cut-off", None, detail)]


def _check_one(
    product_id: str, entry: Mapping[str, Any], keys: Mapping[str, bytes]
) -> list[Finding]:
    event_key = entry["EventKey"]["S"]
    key_id = entry.get("KeyID", {}).get("S", "")
    key = keys.get(key_id)
    if key is None:
        detail = f"signed with the key {key_id!r}, which is not in STOCKPULSE_AUDIT_KEYS"
        return [Finding(product_id, "unknown-key", event_key, detail)]
    fields = {name: value for name, value in entry.items() if name not in _UNSIGNED}
    claimed = entry.get("HMAC", {}).get("S", "")
    if not hmac.compare_digest(signature(fields, key), claimed):
        detail = "the entry differs from what was signed"
        return [Finding(product_id, "changed", event_key, detail)]
    if "ImagesOmitted" in entry:
        return []
    event = event_of(entry)
    for name, image in (("Before", event.before), ("After", event.after)):
        found = None if image is None else digest(image)
        if found != _hash(entry, name):
            detail = f"its {name.lower()} image differs from what was signed"
            return [Finding(product_id, "changed", event_key, detail)]
    return []


def _check_link(product_id: str, trail: list[Link], link: Link) -> list[Finding]:
    if link.view_type != BOTH_IMAGES:
        return []
    if not trail:
        if _begins(link):
            return []
        detail = "the oldest entry is not an insert: entries before it are missing"
        return [Finding(product_id, "no-beginning", link.key, detail)]
    last = trail[-1]
    if last.view_type != BOTH_IMAGES or last.after == link.before:
        return []
    # Only a record can make `reconciled` entries void.
    if link.kind not in {"gap", "reconciled"} and goes_on(trail, link.before, link.occurred_at):
        return []
    detail = f"it does not follow {last.key}: entries between them are missing or forged"
    return [Finding(product_id, "broken-chain", link.key, detail)]


def _begins(link: Link) -> bool:
    """Whether a history can begin with this entry."""
    return link.kind == "inserted" or is_baseline(link.key)


def _expires_at(entry: Mapping[str, Any]) -> float:
    return float(entry.get("ExpiresAt", {}).get("N", "inf"))


def _leaves_before_open(entry: Mapping[str, Any]) -> bool:
    """Whether the before image of a gap or reconciled entry was too large to be stored."""
    made_here = entry["Kind"]["S"] in {"gap", "reconciled"}
    return made_here and "ImagesOmitted" in entry and "BeforeHash" not in entry


def _hash(entry: Mapping[str, Any], image: str) -> str | None:
    value: str | None = entry.get(f"{image}Hash", {}).get("S")
    return value
