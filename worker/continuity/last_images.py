"""The last audited image of each product read under one lease, so that a hole shows by itself.

A record whose old image is not that image has changes before it that were never read. Pure
and bounded: what is not held is not compared (the product least lately changed goes first),
and nothing is read for it.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.events import ChangeEvent
from app.core.item import Item, digest
from app.store.audit.chain import BOTH_IMAGES

LIMIT = 10_000  # products: some 4 MB a shard


@dataclass(frozen=True, slots=True)
class Break:
    """A record that does not follow on its product's last entry (`head`, if the batch has that)."""

    event: ChangeEvent
    head_key: str
    head: ChangeEvent | None


class LastImages:
    """Made anew with each lease: what another worker audited meanwhile is not known here."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._heads: OrderedDict[str, tuple[str, bytes | None]] = OrderedDict()
        self._lock = threading.Lock()

    def breaks(self, events: Sequence[ChangeEvent]) -> list[Break]:
        """Which of a batch, in its order, do not follow on what was audited or comes before."""
        found: list[Break] = []
        batch: dict[str, ChangeEvent] = {}
        for event in events:
            if event.view_type != BOTH_IMAGES:
                continue
            earlier = batch.get(event.product_id)
            batch[event.product_id] = event
            if earlier is not None:
                follows = event.before == earlier.after or _hash(event.before) == _hash(
                    earlier.after
                )
                head_key = earlier.event_key
            else:
                head = self._head(event.product_id)
                if head is None:
                    continue
                head_key, after = head
                # A record that is read again follows on nothing that came after it.
                follows = event.event_key <= head_key or _hash(event.before) == after
            if not follows:
                found.append(Break(event, head_key, earlier))
        return found

    def audited(self, events: Iterable[ChangeEvent]) -> None:
        """Note what is durable now."""
        for event in events:
            if event.view_type != BOTH_IMAGES:
                continue
            after = _hash(event.after)
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
