"""A client finds its own write in a list at once, before the write's event has arrived.

Writes of this process wait here until their event, for at most 30 s. A list first puts them into
the copy. Until the event arrives, earlier events of the product do not undo them. No I/O.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item
from app.core.metadata import metadata_of

WAIT = 30.0  # seconds for an event
MOST = 10_000  # writes that wait, and arrived events that are remembered


class OwnWrite(NamedTuple):
    """An item as a write left it (None: deleted); `mark` identifies the write's event."""

    product_id: str
    item: Item | None
    mark: tuple[str, int]
    at: float  # by the monotonic clock


class OwnWrites:
    """The writes of this process whose events have not arrived; thread-safe."""

    def __init__(
        self, names: AttributeNames, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._names = names
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, OwnWrite] = OrderedDict()
        self._shown: set[tuple[str, int]] = set()
        self._arrived: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    def add(self, product_id: str, item: Item | None, request_id: str) -> None:
        """Note a write that was committed; its event may have arrived already."""
        metadata = None if item is None else metadata_of(item, self._names)
        mark = (request_id, 0 if metadata is None else metadata.version)
        with self._lock:
            if (product_id, *mark) in self._arrived:
                return
            if (older := self._waiting.get(product_id)) is not None:
                self._forget(older)
            self._waiting[product_id] = OwnWrite(product_id, item, mark, self._monotonic())
            if len(self._waiting) > MOST:
                self._forget(next(iter(self._waiting.values())))

    def to_show(self) -> list[OwnWrite]:
        """The writes that the copy does not have yet."""
        with self._lock:
            return [one for one in self._waiting.values() if one.mark not in self._shown]

    def show(self, write: OwnWrite) -> bool:
        """Whether to put a write of `to_show` into the copy: its event has not arrived since."""
        with self._lock:
            if self._waiting.get(write.product_id) != write:
                return False
            self._shown.add(write.mark)
            return True

    def shown(self, product_ids: Iterable[str]) -> list[OwnWrite]:
        """The writes of these products that the copy shows."""
        with self._lock:
            waiting = [self._waiting[name] for name in product_ids if name in self._waiting]
            return [one for one in waiting if one.mark in self._shown]

    def hides(self, event: ChangeEvent, arrived: set[str]) -> bool:
        """Whether an event must not change what lists show, because a later write of ours does.

        `arrived` collects the products whose own write is among the events of a transaction: the
        events after it are not hidden. Without an image to compare, the product's row is read from
        the table, so no event is hidden.
        """
        with self._lock:
            waiting = self._waiting.get(event.product_id)
        if waiting is None or event.product_id in arrived:
            return False
        if self._confirms(event, waiting):
            arrived.add(event.product_id)
            return False
        return True

    def arrive(self, events: Sequence[ChangeEvent]) -> None:
        """Note events that the copy has now, before the next transaction on it begins."""
        for event in events:
            mark = self._mark_of(event)
            with self._lock:
                if mark is not None:
                    self._arrived[event.product_id, *mark] = None
                    if len(self._arrived) > MOST:
                        self._arrived.popitem(last=False)
                waiting = self._waiting.get(event.product_id)
                if waiting is not None and self._confirms(event, waiting):
                    self._forget(waiting)

    def expired(self) -> list[OwnWrite]:
        """The writes whose event did not arrive in time."""
        oldest = self._monotonic() - WAIT
        with self._lock:
            return [one for one in self._waiting.values() if one.at < oldest]

    def forget(self, writes: Sequence[OwnWrite]) -> None:
        """Wait no longer for the events of these writes."""
        with self._lock:
            for write in writes:
                if self._waiting.get(write.product_id) == write:
                    self._forget(write)

    def _confirms(self, event: ChangeEvent, waiting: OwnWrite) -> bool:
        """Whether the event is that of the write, or shows all that there is to know.

        A deletion confirms a delete of ours whoever made it: it may bear no mark of ours.
        """
        is_gone = event.kind in {"deleted", "expired"}
        return self._mark_of(event) in (None, waiting.mark) or (is_gone and waiting.item is None)

    def _forget(self, write: OwnWrite) -> None:
        del self._waiting[write.product_id]
        self._shown.discard(write.mark)

    def _mark_of(self, event: ChangeEvent) -> tuple[str, int] | None:
        """The mark of the write that the event's image names, believed or not; None without one."""
        if event.kind in {"deleted", "expired"}:
            metadata = metadata_of(event.before, self._names)
            deleted = None if metadata is None else metadata.deleted
            return ("" if deleted is None else deleted.request_id), 0
        if event.after is None:
            return None
        metadata = metadata_of(event.after, self._names)
        return ("", 0) if metadata is None else (metadata.request_id or "", metadata.version)
