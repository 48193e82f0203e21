"""Stamps follow the store's clock, whatever the hosts' say, and nothing goes out with an old one.

A client resumes from 10 s before its cursor.
"""

from typing import Any

from app.store.feed.cursor import parse_cursor
from app.store.timeline.timeline import OVERLAP_MS

AHEAD = 10.0  # seconds: the row's lead, and what restarts may add
UNSURE = 12.0  # seconds: a batch's life, and the time between two looks at the writers' clock


class Stamps:
    """The newest that went out, and the latest time that the store's own clock ever showed."""

    def __init__(self) -> None:
        self._newest_ms = 0
        self._latest = 0.0  # seconds since 1970
        self._unsure_until = -1.0

    def clock_shows(self, time: float) -> None:
        """The store's own clock, before it is set and at each row."""
        self._latest = max(self._latest, time)

    def clock_steps_forward(self, now: float) -> None:
        """For a moment two writers may stamp far apart (ADR 0006)."""
        self._unsure_until = now + UNSURE

    def is_unsure(self, now: float) -> bool:
        """Whether two writers may stamp far apart."""
        return now <= self._unsure_until

    def arrived(self, row: dict[str, Any]) -> None:
        """A feed row lies under the day of its stamp, which is no host's but the store's time."""
        stamp = parse_cursor(row["Cursor"]["S"])
        assert row["Day"]["S"] == stamp.day
        ahead = stamp.ms / 1000 - self._latest
        assert ahead < AHEAD, f"stamped {ahead:.0f} s ahead of the store's clock"

    def went_out(self, ms: int, now: float) -> bool:
        """Whether clients may have gone on from a cursor that they do not come back behind."""
        late = ms < self._newest_ms - OVERLAP_MS and not self.is_unsure(now)
        self._newest_ms = max(self._newest_ms, ms)
        return late
