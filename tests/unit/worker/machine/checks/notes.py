"""Gaps and reconciled entries are true and not repeated. (Both are called notes here.)

No stream record makes them. A product gets a gap only if it lost a record or exists in a new table,
and the gap's images differ. A reconciled entry holds what the table has held for a minute, and is
not followed by another within ten minutes.
"""

from datetime import datetime, timedelta
from typing import Any

from app.core.item import digest
from app.store.audit.chain import is_baseline
from worker.continuity.gaps import SHARD

Item = dict[str, Any]

SETTLE = 60.0  # seconds between the two reads of a comparison
AGAIN = timedelta(minutes=10)


class Notes:
    """The notes written so far, and since when the table has held each image."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Item] = {}
        self._since: dict[tuple[str, str | None], float] = {}  # when an image was first written

    def holds(self, product_id: str, image: Item | None, now: float) -> None:
        """Record the product's image (None: deleted) in the table from now on."""
        state = None if image is None else digest(image)
        self._since.setdefault((product_id, state), now)

    def add(self, entry: Item, now: float, *, missing: bool) -> str:
        """Check a new note and return its kind; `missing`: a record of its product was lost."""
        ref = entry["ProductID"]["S"], entry["EventKey"]["S"]
        self._entries[ref] = entry
        if entry["Kind"]["S"] == "reconciled":
            self._check_reconciled(*ref, entry, now)
            return "baseline" if is_baseline(ref[1]) else "reconciled entry"
        if ref[0].startswith(SHARD):
            return "gap of a shard"
        assert missing, f"gap {ref}, though nothing was lost"
        bridges = _hash(entry, "Before") != _hash(entry, "After")
        assert bridges or "ImagesOmitted" in entry, f"gap {ref} between equal images"
        return "gap of a product"

    def gaps(self) -> list[tuple[str, str]]:
        """(Product id, or shard id in its place, event key) of each gap."""
        return [ref for ref, entry in self._entries.items() if entry["Kind"]["S"] == "gap"]

    def keys_of(self, shard_id: str) -> list[str]:
        """The keys of a shard's gaps."""
        return [key for product_id, key in self._entries if product_id == SHARD + shard_id]

    def products(self) -> set[str]:
        """The products, and shards in their place, that have a note."""
        return {product_id for product_id, _ in self._entries}

    def _check_reconciled(self, product_id: str, key: str, entry: Item, now: float) -> None:
        since = self._since.get((product_id, _hash(entry, "After")), 0.0)
        held = now - since > SETTLE - 0.01
        assert held or is_baseline(key), f"{key} of {product_id} held only {now - since:.0f} s"
        behind, _, count = key.rpartition("~r")
        last = self._entries.get((product_id, f"{behind}~r{int(count) - 1:04d}"))
        if last is not None:
            apart = _moment(entry) - _moment(last)
            assert apart >= AGAIN, f"{key} of {product_id} came {apart} after the last"


def _hash(entry: Item, image: str) -> str | None:
    value: str | None = entry.get(f"{image}Hash", {}).get("S")
    return value


def _moment(entry: Item) -> datetime:
    return datetime.fromisoformat(entry["OccurredAt"]["S"])
