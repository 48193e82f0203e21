"""Time passes while a container is frozen between invocations, whatever its monotonic clock says.

A stamp by a clock that stood still would lie in the past, where no client looks any more. The
wall clock is set right when a container thaws; what it says beyond the other is added for good.
"""

import time
from collections.abc import Callable

# Seconds by which the two may come apart without a freeze: the wall clock is trimmed at times.
TOLERANCE = 0.2


class FreezeSafeClock:
    """Seconds that never go back and count those asleep; called by one thread at a time."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._asleep = 0.0
        self._seen = monotonic(), wall()

    def __call__(self) -> float:
        """The time now."""
        monotonic, wall = self._monotonic(), self._wall()
        beyond = (wall - self._seen[1]) - (monotonic - self._seen[0])
        if beyond > TOLERANCE:
            self._asleep += beyond
        self._seen = monotonic, wall
        return monotonic + self._asleep
