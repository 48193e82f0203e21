"""What the clock that stamps arrivals shows, for what applies to arrivals from now on.

Where other processes stamp them, all of these and this one follow the store's clock, but each knows
it to a second only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.store.feed.cursor import wall_ms

_DIFFER_MS = 2_000


@dataclass(frozen=True, slots=True)
class ArrivalClock:
    """`now_ms`: the time in ms since 1970. `early_ms`: how far below it a later stamp may be."""

    now_ms: Callable[[], int] = wall_ms
    early_ms: int = 0


def arrival_clock(store_now: Callable[[], datetime], *, elsewhere: bool) -> ArrivalClock:
    """The clock of arrivals; `elsewhere`: other processes stamp them, not this one alone."""
    if not elsewhere:
        return ArrivalClock()
    return ArrivalClock(lambda: int(store_now().timestamp() * 1000), _DIFFER_MS)
