"""How a failing sink is retried, in the terms of Lambda's event source mapping. No I/O.

A sink that is down is retried until its events reach the maximum age (by default for ever). Other
events are rejected only if they fail alone while others succeed, or if the sink rejects them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.runtime.backoff import LONGEST_RETRY_AFTER, Backoff, half_to_full

FIRST, LONGEST = 0.1, 60.0  # seconds between two attempts
HALVE_AFTER = 3  # failures in a row
OUTAGE_AFTER = 3  # failing products until the sink is probed by one call at a time


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries`: of an event that fails alone; `age`: seconds since arrival. -1 means no limit."""

    retries: int = 3
    age: int = -1
    jitter: Callable[[], float] = half_to_full

    def is_spent(self, failures: int) -> bool:
        """Whether an event that failed alone this many times is not retried."""
        return 0 <= self.retries < failures

    def is_too_old(self, age: float) -> bool:
        """Whether an event that arrived `age` seconds ago is not retried."""
        return 0 <= self.age < age

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds before the next attempt, after this many failures in a row (at least one)."""
        if retry_after is not None:
            return min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)
        return Backoff(FIRST, LONGEST, self.jitter)(failures)
