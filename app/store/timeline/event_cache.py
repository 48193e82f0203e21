"""Recent events are cached, so that a process reads and decodes each of them once."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from app.core.events import ChangeEvent
from app.store.dynamodb.paging import event_size
from app.store.feed.feed import EventRef

BYTES = 16 * 1024 * 1024  # of images, roughly


class EventCache:
    """An LRU cache with a size limit; thread-safe."""

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()
        self._events: OrderedDict[EventRef, tuple[ChangeEvent, int]] = OrderedDict()

    def add(self, events: Iterable[ChangeEvent]) -> None:
        """Add events that have an audit entry."""
        with self._lock:
            for event in events:
                ref = (event.product_id, event.event_key)
                if ref in self._events:
                    continue
                size = event_size(event)
                self._events[ref] = (event, size)
                self._size += size
            while self._size > self._limit and self._events:
                _, (_, size) = self._events.popitem(last=False)
                self._size -= size

    def get(self, refs: Iterable[EventRef]) -> dict[EventRef, ChangeEvent]:
        """The cached ones of these events."""
        found: dict[EventRef, ChangeEvent] = {}
        with self._lock:
            for ref in refs:
                if (kept := self._events.get(ref)) is not None:
                    self._events.move_to_end(ref)
                    found[ref] = kept[0]
        return found
