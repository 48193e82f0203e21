"""The wait after a failure doubles up to a limit, with jitter so that clients spread out."""

import random
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_RETRY_AFTER = 3600.0  # seconds; a longer Retry-After is cut to this
_DOUBLINGS = 60  # maximum, so that the power stays a finite float


def half_to_full() -> float:
    """The default jitter: a factor between 0.5 and 1."""
    return random.uniform(0.5, 1)  # noqa: S311 - not a secret


def steady() -> float:
    """No jitter, for a wait in which only one client takes part."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits in seconds; each is multiplied by `jitter()`, a factor of at most 1."""

    first: float
    longest: float
    jitter: Callable[[], float] = half_to_full

    def __call__(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row; 0 if there was no failure."""
        if failures < 1:
            return 0.0
        doubled = self.first * 2.0 ** min(failures - 1, _DOUBLINGS)
        return min(self.longest, doubled) * self.jitter()
