"""A process is dead if its counter has not changed for some time on the observer's clock. Pure.

Clocks of two machines are never compared: the observer notes when it first saw the counter's
current value. Time during which the observer itself did not run does not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """A counter's value, and since when (monotonic, in seconds) the observer has seen it."""

    counter: int
    since: float
    moved: bool = False  # whether the counter changed while it was observed

    def still_for(self, now: float) -> float:
        """Seconds for which the counter has been seen unchanged."""
        return now - self.since


def observe(known: Sighting | None, counter: int, now: float, *, watched: bool = True) -> Sighting:
    """The sighting after one more read of the counter.

    `watched`: False after a pause of the observer, in which it may have missed changes.
    """
    if known is None:
        return Sighting(counter, now)
    if known.counter != counter:
        return Sighting(counter, now, moved=True)
    return known if watched else Sighting(counter, now, known.moved)


def observe_all(
    known: Mapping[str, Sighting], counters: Mapping[str, int], now: float, *, watched: bool = True
) -> dict[str, Sighting]:
    """Like `observe`, for several counters by name; names that are gone are dropped."""
    return {
        name: observe(known.get(name), counter, now, watched=watched)
        for name, counter in counters.items()
    }


def alive(sightings: Mapping[str, Sighting], now: float, limit: float) -> set[str]:
    """The names whose counter has been unchanged for less than `limit` seconds."""
    return {name for name, seen in sightings.items() if seen.still_for(now) < limit}
