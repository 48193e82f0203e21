"""What the departments of the shop share: the dice, the zone, the diary and the shelves.

Every change goes through here, so that a shelf's count and the told sequence cannot differ
and no stock falls below zero.
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
    """What will be done when; what is due at the same moment is done in the order of noting."""

    def __init__(self) -> None:
        self._tasks: list[tuple[datetime, int, Task]] = []
        self._number = count()

    def note(self, at: datetime, task: Task) -> None:
        """Do `task` at that moment."""
        heapq.heappush(self._tasks, (at, next(self._number), task))

    def next(self) -> tuple[datetime, Task]:
        """Take the next task out."""
        at, _, task = heapq.heappop(self._tasks)
        return at, task


@dataclass(frozen=True, slots=True)
class Floor:
    """The shop floor."""

    random: Random
    zone: ZoneInfo
    shelves: Shelves
    diary: Diary = field(default_factory=Diary)

    def local(self, at: datetime) -> datetime:
        """The shop's own time."""
        return at.astimezone(self.zone)

    def hour(self, day: date, first: float, last: float) -> datetime:
        """Some moment of the day between two hours."""
        return moment_of(day, self.random.uniform(first, last), self.zone)

    def launch(self, at: datetime, actor: str, shelf: Shelf, **told: Any) -> Change:
        """List a product."""
        return _change(at, actor, shelf, Launch(shelf.draft()), **told)

    def move(self, at: datetime, actor: str, shelf: Shelf, delta: int, **told: Any) -> Change:
        """Add units to a shelf or take them from it."""
        if shelf.stock + delta < 0:
            raise AssertionError(f"{shelf.product_id} has {shelf.stock}, and {delta} was asked")
        shelf.stock += delta
        return _change(at, actor, shelf, Move(delta), **told)

    def count(self, at: datetime, actor: str, shelf: Shelf, counted: int, **told: Any) -> Change:
        """Set a shelf to what was counted."""
        shelf.stock = counted
        return _change(at, actor, shelf, Edit({"stock": counted}), reason="counted", **told)

    def edit(
        self, at: datetime, actor: str, shelf: Shelf, fields: dict[str, Any], **told: Any
    ) -> Change:
        """Change what a product is, but for its stock."""
        return _change(at, actor, shelf, Edit(fields), **told)

    def drop(self, at: datetime, actor: str, shelf: Shelf, **told: Any) -> Change:
        """Give a product up."""
        self.shelves.drop(shelf)
        return _change(at, actor, shelf, Drop(), **told)


def _change(at: datetime, actor: str, shelf: Shelf, action: Action, **told: Any) -> Change:
    return Change(at=at, actor=actor, product_id=shelf.product_id, action=action, **told)
