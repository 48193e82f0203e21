"""How a failing sink is retried, with the event source mapping's own terms. Pure.

A sink that is down is retried for ever, and nothing is rejected. An event is rejected only where
it fails alone while others succeed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.runtime.backoff import Backoff, half_to_full

FIRST, LONGEST = 0.1, 60.0  # seconds between two tries
LONGEST_ASKED = 3600.0  # seconds: a longer Retry-After is cut short
HALVE_AFTER = 3  # failures in a row
OUTAGE_AFTER = 3  # failed calls in a row until the sink is probed by one call at a time


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries` of an event that fails alone; `age` since arrival in seconds; -1 for no bound."""

    retries: int = 3
    age: int = -1
    jitter: Callable[[], float] = half_to_full

    def is_spent(self, failures: int) -> bool:
        """Whether an event that failed this often by its own fault is not tried again."""
        return 0 <= self.retries < failures

    def is_too_old(self, age: float) -> bool:
        """Whether an event that arrived `age` seconds ago is not tried again."""
        return 0 <= self.age < age

    def pause(self, failures: int, asked: float | None = None) -> float:
        """Seconds before the next try, after so many failures in a row (at least one)."""
        if asked is not None:
            return min(max(asked, 0.0), LONGEST_ASKED)
        return Backoff(FIRST, LONGEST, self.jitter)(failures)
