"""The parts of the shop share the random generator, the time zone, the diary and the shelves.

Every change is made here, so that a shelf's stock always agrees with the changes, and never
falls below zero.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.demo.simulation.change import Action, Change, Drop, Edit, Launch, Move
from app.demo.simulation.hours import moment_of
from app.demo.simulation.shelves import Shelf, Shelves

Task = Callable[[datetime], Iterator[Change]]


class Diary:
    """Scheduled tasks by time; tasks due at the same time run in the order they were added."""

    def __init__(self) -> None:
        self._tasks: list[tuple[datetime, int, Task]] = []
        self._number = count()

    def note(self, at: datetime, task: Task) -> None:
        """Schedule `task` for this time."""
        heapq.heappush(self._tasks, (at, next(self._number), task))

    def next(self) -> tuple[datetime, Task]:
        """Remove and return the next task and its time."""
        at, _, task = heapq.heappop(self._tasks)
        return at, task


@dataclass(frozen=True, slots=True)
class Floor:
    """The shop's shared state."""

    random: Random
    zone: ZoneInfo
    shelves: Shelves
    pace: float = 1.0  # how busy the shop is, compared with the demo's
    diary: Diary = field(default_factory=Diary)

    def local(self, at: datetime) -> datetime:
        """The time in the shop's time zone."""
        return at.astimezone(self.zone)

    def hour(self, day: date, first: float, last: float) -> datetime:
        """A random time of the day between two hours."""
        return moment_of(day, self.random.uniform(first, last), self.zone)

    def times(self, usual: int) -> range:
        """A day's number of something that happens `usual` times at the usual pace."""
        whole, part = divmod(usual * self.pace, 1)
        return range(int(whole) + bool(part and self.random.random() < part))

    def launch(self, at: datetime, actor: str, shelf: Shelf, **details: Any) -> Change:
        """List a product."""
        return _change(at, actor, shelf, Launch(shelf.draft()), **details)

    def move(self, at: datetime, actor: str, shelf: Shelf, delta: int, **details: Any) -> Change:
        """Add units to a shelf or take them from it."""
        if shelf.stock + delta < 0:
            raise AssertionError(f"{shelf.product_id} has {shelf.stock}; cannot change by {delta}")
        shelf.stock += delta
        return _change(at, actor, shelf, Move(delta), **details)

    def count(self, at: datetime, actor: str, shelf: Shelf, counted: int, **details: Any) -> Change:
        """Set a shelf's stock to the counted number."""
        shelf.stock = counted
        return _change(at, actor, shelf, Edit({"stock": counted}), reason="counted", **details)

    def edit(
        self, at: datetime, actor: str, shelf: Shelf, fields: dict[str, Any], **details: Any
    ) -> Change:
        """Change a product's fields other than its stock."""
        return _change(at, actor, shelf, Edit(fields), **details)

    def drop(self, at: datetime, actor: str, shelf: Shelf, **details: Any) -> Change:
        """Discontinue a product."""
        self.shelves.drop(shelf)
        return _change(at, actor, shelf, Drop(), **details)


def _change(at: datetime, actor: str, shelf: Shelf, action: Action, **details: Any) -> Change:
    return Change(at=at, actor=actor, product_id=shelf.product_id, action=action, **details)
