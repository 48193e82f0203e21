"""Writers with different clocks, a store with its own clock, and the row that they share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.errors import ConditionFailed
from app.store.feed.cursor import Cursor
from app.store.feed.shared_clock import ClockRow, Reading, SharedClock

HOUR = 3_600_000
START = 1_800_000_000_000
OVERLAP_MS = 10_000  # how far every resume reads back before its cursor


@dataclass
class World:
    """The true time in seconds, one store's row, and all stamps with their times."""

    now: float = 0.0
    store_skew: int | None = 0  # ms; None: the store does not send its time
    stamps: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.row = Row(self)

    def ms(self, skew: int) -> int:
        return START + int(self.now * 1000) + skew

    def writer(self, skew: int = 0) -> SharedClock:
        return SharedClock(self.row, now_ms=lambda: self.ms(skew), monotonic=lambda: self.now)

    def stamp(self, writer: SharedClock) -> Cursor:
        cursor = writer.stamp()
        self.stamps.append((self.now, cursor.ms))
        assert cursor.ms <= self.row.ms, "the stamp exceeds the row"
        return cursor

    def most_out_of_order(self) -> int:
        """The greatest distance, in ms, of a stamp below an earlier one."""
        worst = highest = 0
        for _, ms in self.stamps:
            highest = max(highest, ms)
            worst = max(worst, highest - ms)
        return worst


class Row(ClockRow):
    """The row in memory; `between` runs between a writer's read and its write."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ms = 0
        self.writes = 0
        self.between: Callable[[], object] = lambda: None

    def read(self) -> Reading:
        skew = self._world.store_skew
        found = Reading(self.ms, None if skew is None else self._world.ms(skew) // 1000)
        self.between()
        return found

    def add(self, ms: int) -> Reading:
        self.ms += ms
        self.writes += 1
        skew = self._world.store_skew
        return Reading(self.ms, None if skew is None else self._world.ms(skew) // 1000)

    def raise_to(self, ms: int) -> None:
        if ms <= self.ms:
            raise ConditionFailed
        self.ms = ms
        self.writes += 1
