"""A record whose old image is not the product's last audited image follows a gap.

Changes before such a record were never read. The last image of each product is kept per lease.
No I/O, and bounded: the least recently changed product is dropped first, and a product without an
image is not compared.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.events import ChangeEvent
from app.core.item import Item, digest
from app.store.audit.chain import BOTH_IMAGES

LIMIT = 10_000  # products: about 4 MB per shard


@dataclass(frozen=True, slots=True)
class Break:
    """A record that does not follow its product's last entry.

    `head` is that entry if it is in the same batch, else None.
    """

    event: ChangeEvent
    head_key: str
    head: ChangeEvent | None


class LastImages:
    """The last images under one lease. A new lease starts empty: another worker may have read."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._heads: OrderedDict[str, tuple[str, bytes | None]] = OrderedDict()
        self._lock = threading.Lock()

    def breaks(self, events: Sequence[ChangeEvent]) -> list[Break]:
        """Return the records of a batch that do not follow the product's previous entry."""
        found: list[Break] = []
        batch: dict[str, ChangeEvent] = {}
        for event in events:
            if event.view_type != BOTH_IMAGES:
                continue
            earlier = batch.get(event.product_id)
            batch[event.product_id] = event
            if earlier is not None:
                before, after = event.product_before, earlier.product_after
                follows = before == after or _hash(before) == _hash(after)
                head_key = earlier.event_key
            else:
                head = self._head(event.product_id)
                if head is None:
                    continue
                head_key, last = head
                # A record that is read again does not follow newer entries.
                follows = event.event_key <= head_key or _hash(event.product_before) == last
            if not follows:
                found.append(Break(event, head_key, earlier))
        return found

    def audited(self, events: Iterable[ChangeEvent]) -> None:
        """Remember the images of events that are durable now."""
        for event in events:
            if event.view_type != BOTH_IMAGES:
                continue
            after = _hash(event.product_after)
            with self._lock:
                held = self._heads.get(event.product_id)
                if held is None or event.event_key > held[0]:
                    self._heads[event.product_id] = (event.event_key, after)
                    self._heads.move_to_end(event.product_id)
                if len(self._heads) > self._limit:
                    self._heads.popitem(last=False)

    def _head(self, product_id: str) -> tuple[str, bytes | None] | None:
        with self._lock:
            return self._heads.get(product_id)


def _hash(image: Item | None) -> bytes | None:
    return None if image is None else bytes.fromhex(digest(image))
