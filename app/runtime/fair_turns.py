"""A few tasks work at a time; the others wait in turn, one caller after another.

So a caller with many tasks delays its own, and another caller waits for little more than what is
running. Tasks with the same subject run one by one. Used by one event loop only.
"""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    subject: str | None
    granted: "asyncio.Future[None]"


class FairTurns:
    """A number of places, for tasks of any callers and subjects (None: excludes no other task)."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._busy: set[str | None] = set()
        self._waiting: dict[str | None, deque[_Turn]] = {}  # by caller, whose turn is next first

    def waiting(self, caller: str | None) -> int:
        """How many tasks of this caller wait."""
        return len(self._waiting.get(caller, ()))

    def take_now(self, subject: str | None = None) -> bool:
        """Take a place if there is one, which `give_back` must follow; returns whether it did."""
        # Whatever waits cannot run yet: `give_back` starts all that can.
        if not self._can_run(subject):
            return False
        self._enter(subject)
        return True

    async def take(self, caller: str | None, subject: str | None = None) -> None:
        """Wait for a place; `give_back` must follow. A cancelled wait leaves the queue."""
        if self.take_now(subject):
            return
        turn = _Turn(subject, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            await turn.granted
        except BaseException:
            if turn.granted.cancelled():
                self._remove(caller, turn)
            else:  # the place was given at the same moment
                self.give_back(subject)
            raise

    def give_back(self, subject: str | None = None) -> None:
        """End a task, and start the next one that waits for its subject or for a free place."""
        self._free += 1
        self._busy.discard(subject)
        for caller, turns in self._waiting.items():
            for turn in turns:
                # One whose wait has just been cancelled is done, although its task has not run yet.
                if not turn.granted.done() and self._can_run(turn.subject):
                    self._remove(caller, turn)
                    self._enter(turn.subject)
                    turn.granted.set_result(None)
                    return

    def _can_run(self, subject: str | None) -> bool:
        return self._free > 0 and subject not in self._busy

    def _enter(self, subject: str | None) -> None:
        self._free -= 1
        if subject is not None:
            self._busy.add(subject)

    def _remove(self, caller: str | None, turn: _Turn) -> None:
        """Take a task out of the queue; its caller's next one comes after those of the others."""
        turns = self._waiting.pop(caller)
        turns.remove(turn)
        if turns:
            self._waiting[caller] = turns
