"""How often and how long a sink is tried before a record is parked, as Lambda's mapping has it.

What is parked is not given up: its lane is tried again in growing, bounded steps.
"""

import random
from dataclasses import dataclass

from app.settings import Settings

FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 5.0  # seconds between tries in the window
FIRST_LANE_BACKOFF, LONGEST_LANE_BACKOFF = 1.0, 60.0  # seconds between tries of a lane


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries` after the first try, `age` of a record in seconds; -1 sets no bound."""

    retries: int = 3
    age: int = -1

    def allows(self, tries: int, age: float) -> bool:
        """Whether a record of this age, tried so often, is tried (again)."""
        return (self.retries < 0 or tries <= self.retries) and (self.age < 0 or age <= self.age)


def policy_of(settings: Settings) -> RetryPolicy:
    """As the settings have it, under the mapping's own names."""
    return RetryPolicy(settings.maximum_retry_attempts, settings.maximum_record_age_in_seconds)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first` to `longest`, jittered by half."""

    first: float
    longest: float

    def __call__(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, at least one."""
        most = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return most * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret


IN_WINDOW = Backoff(FIRST_BACKOFF, LONGEST_BACKOFF)
IN_LANE = Backoff(FIRST_LANE_BACKOFF, LONGEST_LANE_BACKOFF)
