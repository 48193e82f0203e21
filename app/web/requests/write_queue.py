"""A write waits for its turn without a thread, so that reads always find a free one.

A few writes run at once, and only one of each subject: the product or other thing that it changes.
So no thread waits for a product's lock, either. Callers take turns, so many writes of one caller
delay another caller's write by one turn.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.web.errors import TooManyOfYourWrites, TooManyWrites

RUNNING = 12  # at once: they keep one interpreter busy, and leave most web threads to reads
WAITING = 200  # per caller
PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    subject: str | None
    granted: "asyncio.Future[None]"


class WriteQueue:
    """The writes of one process that run or wait; used by the event loop only."""

    def __init__(
        self, running: int = RUNNING, waiting: int = WAITING, patience: float = PATIENCE
    ) -> None:
        """At most `waiting` writes of each caller wait, for `patience` seconds at most."""
        self._free = running
        self._most = waiting
        self._patience = patience
        self._busy: set[str | None] = set()
        self._waiting: dict[str, deque[_Turn]] = {}  # by caller; whose turn it is next comes first

    @asynccontextmanager
    async def turn(self, caller: str, subject: str | None) -> AsyncIterator[None]:
        """Run the block when it is the caller's turn; None: it excludes no other write.

        Raises:
            TooManyOfYourWrites: too many writes of this caller wait.
            TooManyWrites: the turn did not come in time.

        """
        # Whatever waits cannot run yet: `_leave` starts all that can.
        if self._can_run(subject):
            self._enter(subject)
        else:
            await self._wait(caller, subject)
        try:
            yield
        finally:
            self._leave(subject)

    async def _wait(self, caller: str, subject: str | None) -> None:
        mine = self._waiting.get(caller, ())
        if len(mine) >= self._most:
            raise TooManyOfYourWrites(
                f"{len(mine)} writes of yours are waiting, so this one was not applied. Send fewer "
                "at once, or try again in a moment.",
                headers={"Retry-After": "1"},
            )
        turn = _Turn(subject, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn.granted
        except BaseException as error:
            if turn.granted.done() and not turn.granted.cancelled():
                self._leave(subject)  # the turn came as the caller gave up
            else:
                self._remove(caller, turn)
            if isinstance(error, TimeoutError):
                raise TooManyWrites(
                    f"The write waited {self._patience:g} s for other writes and was not applied. "
                    "Try again in a moment.",
                    headers={"Retry-After": "2"},
                ) from None
            raise

    def _can_run(self, subject: str | None) -> bool:
        return self._free > 0 and subject not in self._busy

    def _enter(self, subject: str | None) -> None:
        self._free -= 1
        if subject is not None:
            self._busy.add(subject)

    def _leave(self, subject: str | None) -> None:
        """End a write, and start the next one that waits for its subject or for a free place."""
        self._free += 1
        self._busy.discard(subject)
        for caller, turns in self._waiting.items():
            for turn in turns:
                # One whose wait has just ended is done, although its task has not run yet.
                if not turn.granted.done() and self._can_run(turn.subject):
                    self._remove(caller, turn)
                    self._enter(turn.subject)
                    turn.granted.set_result(None)
                    return

    def _remove(self, caller: str, turn: _Turn) -> None:
        """Take a write out of the queue; its caller's next one comes after those of the others."""
        turns = self._waiting.pop(caller)
        turns.remove(turn)
        if turns:
            self._waiting[caller] = turns
