"""A reader polls at once while pages hold records, and less and less often while they do not.

After a hint that something was written, it polls at 0, 50, 150 and 400 ms, because a record can
appear later than its write. Hints never affect correctness. No I/O.
"""

from dataclasses import dataclass
from itertools import pairwise

HINT_POLLS = (0.0, 0.05, 0.15, 0.4)  # seconds after the hint
_GROWTH = 0.25  # of the time without records


@dataclass(frozen=True, slots=True)
class Idle:
    """Seconds between polls while no records come: at first, and at most.

    Each poll is a call that AWS bills (stream fact 24).
    """

    shortest: float
    longest: float


# Poll intervals for a quiet stream.
IDLE_LOCAL, IDLE_AWS = Idle(0.25, 1.0), Idle(1.0, 2.5)


def idle_at(endpoint: str | None) -> Idle:
    """The poll intervals for an endpoint; None is AWS."""
    return IDLE_AWS if endpoint is None else IDLE_LOCAL


class Polling:
    """Delays, in seconds, of one shard's reader."""

    def __init__(self, idle: Idle) -> None:
        self._idle = idle
        self._quiet = 0.0  # seconds waited since the last record or hint
        self._after_hint: list[float] = []
        self.hinted()  # a newly taken shard may have an empty page before its records

    def hinted(self) -> None:
        """Forget the quiet time; the next delays are short."""
        self._quiet = 0.0
        self._after_hint = [later - sooner for sooner, later in pairwise(HINT_POLLS)]

    def delay(self, *, found: bool) -> float:
        """The delay after a page with records (`found`) or without."""
        if found:
            self._quiet = 0.0
            return 0.0
        shortest, longest = self._idle.shortest, self._idle.longest
        if self._after_hint:
            delay = min(self._after_hint.pop(0), shortest)
        else:
            delay = min(max(shortest, self._quiet * _GROWTH), longest)
        self._quiet += delay
        return delay
