"""The wait after a failure doubles up to a bound, with jitter so that clients spread out."""

import random
from collections.abc import Callable
from dataclasses import dataclass

_DOUBLINGS = 60  # at most, so that the power stays a finite float


def half_to_full() -> float:
    """The usual jitter: a factor between a half and one."""
    return random.uniform(0.5, 1)  # noqa: S311 - not a secret


def steady() -> float:
    """No jitter, for a wait that no other client shares."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits in seconds; `jitter` returns the factor that each is multiplied by, at most 1."""

    first: float
    longest: float
    jitter: Callable[[], float] = half_to_full

    def __call__(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row; 0 after none."""
        if failures < 1:
            return 0.0
        doubled = self.first * 2.0 ** min(failures - 1, _DOUBLINGS)
        return min(self.longest, doubled) * self.jitter()
