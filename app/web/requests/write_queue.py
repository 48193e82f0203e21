"""A write waits for its turn without a thread, so that reads always find a free one.

A few writes run at once, and only one of each subject: the product or other thing that it changes.
So no thread waits for a product's lock, either. Callers take turns, so many writes of one caller
delay another caller's write by one turn.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.runtime.fair_turns import FairTurns
from app.web.errors import TooManyOfYourWrites, TooManyWrites

RUNNING = 12  # at once: more make reads slower, and writes hardly faster
WAITING = 200  # per caller
PATIENCE = 10.0  # seconds


class WriteQueue:
    """The writes of one process that run or wait; used by the event loop only."""

    def __init__(
        self, running: int = RUNNING, waiting: int = WAITING, patience: float = PATIENCE
    ) -> None:
        """At most `waiting` writes of each caller wait, for `patience` seconds at most."""
        self._turns = FairTurns(running)
        self._most = waiting
        self._patience = patience

    @asynccontextmanager
    async def turn(self, caller: str, subject: str | None) -> AsyncIterator[None]:
        """Run the block when it is the caller's turn; None: it excludes no other write.

        Raises:
            TooManyOfYourWrites: too many writes of this caller wait.
            TooManyWrites: the turn did not come in time.

        """
        if not self._turns.take_now(subject):
            await self._wait(caller, subject)
        try:
            yield
        finally:
            self._turns.give_back(subject)

    async def _wait(self, caller: str, subject: str | None) -> None:
        if (waiting := self._turns.waiting(caller)) >= self._most:
            raise TooManyOfYourWrites(
                f"{waiting} writes of yours are waiting, so this one was not applied. Send fewer "
                "at once, or try again in a moment.",
                headers={"Retry-After": "1"},
            )
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.take(caller, subject)
        except TimeoutError:
            raise TooManyWrites(
                f"The write waited {self._patience:g} s for other writes and was not applied. "
                "Try again in a moment.",
                headers={"Retry-After": "2"},
            ) from None
