"""A few clients work at a time; the others wait in turn, one account after another.

So an account with many requests delays its own, and another account waits for little more than
what is running.
"""

import asyncio
from collections import OrderedDict, deque


class FairPlaces:
    """A number of places, on the event loop's thread only."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str | None, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, account: str | None) -> None:
        """Wait for a place; `give_back` must follow. A cancelled wait leaves the queue."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given a place at the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """Give the place to the next account's first client that still waits."""
        while self._waiting:
            account, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[account] = queue  # behind the other accounts
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
