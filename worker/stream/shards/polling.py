"""How long a reader waits before its next page: not at all while there is more, ever longer if not.

A hint that something was written is answered at 0, 50, 150 and 400 ms, for a record can
trail its write; hints never affect correctness. Pure.
"""

from dataclasses import dataclass
from itertools import pairwise

HINT_POLLS = (0.0, 0.05, 0.15, 0.4)  # seconds after the hint
_GROWTH = 0.25  # of the time that nothing has come


@dataclass(frozen=True, slots=True)
class Idle:
    """Seconds between looks where nothing happens: just after something did, and at the longest.

    Each look is a call that AWS bills (FACTS §1.24).
    """

    shortest: float
    longest: float


# Where nothing happens on a stream (DESIGN §5).
IDLE_LOCAL, IDLE_AWS = Idle(0.25, 1.0), Idle(1.0, 2.5)


def idle_at(endpoint: str | None) -> Idle:
    """The waits between looks at an endpoint's streams; None is AWS."""
    return IDLE_AWS if endpoint is None else IDLE_LOCAL


class Polling:
    """Delays, in seconds, of one shard's reader."""

    def __init__(self, idle: Idle) -> None:
        self._idle = idle
        self._quiet = 0.0  # seconds waited since the last record or hint
        self._after_hint: list[float] = []
        self.hinted()  # a shard newly taken may have an empty page before its records

    def hinted(self) -> None:
        """A write was committed: look now, and again soon."""
        self._quiet = 0.0
        self._after_hint = [later - sooner for sooner, later in pairwise(HINT_POLLS)]

    def delay(self, *, found: bool) -> float:
        """The wait after a page that held records (`found`) or none."""
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
