"""The clock counts the time that a container is frozen, which its monotonic clock may not.

A clock that stands still would issue stamps in the past, where clients no longer read. The wall
clock is corrected when a container resumes; the time by which it advanced further than the
monotonic clock is added for good.
"""

import time
from collections.abc import Callable

# Seconds by which the clocks may differ without a freeze: the wall clock is adjusted at times.
TOLERANCE = 0.2


class FreezeSafeClock:
    """Seconds that never decrease and include frozen time; used by one thread at a time."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._frozen = 0.0
        self._seen = monotonic(), wall()

    def __call__(self) -> float:
        """The time now."""
        monotonic, wall = self._monotonic(), self._wall()
        beyond = (wall - self._seen[1]) - (monotonic - self._seen[0])
        if beyond > TOLERANCE:
            self._frozen += beyond
        self._seen = monotonic, wall
        return monotonic + self._frozen
