"""This process may think a lane open that is closed, never one closed that is open.

The first costs a parking; the second would let a record overtake its product's parked ones.
So a lane is open from before its parking is sent, and is forgotten only by who saw it closed
in the table while no parking came between.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from app.store.dead_letters import LaneID


@dataclass(slots=True)
class _Known:
    changes: int = 0  # parkings that began or ended, and loads
    parking: int = 0  # under way


class OpenLanes:
    """The lanes that this process knows to be open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[LaneID, _Known] = {}

    def __contains__(self, lane: LaneID) -> bool:
        return lane in self._known

    def load(self, found: Iterable[LaneID]) -> None:
        """These were open in the table after the shard was taken."""
        with self._lock:
            for lane in found:
                self._known.setdefault(lane, _Known()).changes += 1

    @contextmanager
    def parking(self, lanes: Iterable[LaneID]) -> Iterator[None]:
        """Something is put behind these lanes inside the block."""
        ids = set(lanes)
        self._count(ids, 1)
        try:
            yield
        finally:
            self._count(ids, -1)

    def _count(self, ids: set[LaneID], step: int) -> None:
        with self._lock:
            for lane in ids:
                known = self._known.setdefault(lane, _Known())
                known.changes += 1
                known.parking += step

    def seen(self) -> dict[LaneID, int]:
        """What to hand to `absent` after a look at the table that begins now."""
        with self._lock:
            return {lane: known.changes for lane, known in self._known.items()}

    def changes(self, lane: LaneID) -> int:
        """The same for one lane."""
        known = self._known.get(lane)
        return -1 if known is None else known.changes

    def absent(self, seen: Mapping[LaneID, int]) -> None:
        """These lanes were not in the table; forget those that nothing happened to since."""
        with self._lock:
            for lane, changes in seen.items():
                known = self._known.get(lane)
                if known is not None and known.changes == changes and not known.parking:
                    del self._known[lane]
