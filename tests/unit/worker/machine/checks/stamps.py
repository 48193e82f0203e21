"""Stamps follow the store's clock, not the hosts', and no event is published with an old stamp.

A client resumes from 10 s before its cursor, so it would miss an older stamp.
"""

from typing import Any

from app.store.feed.cursor import parse_cursor
from app.store.timeline.timeline import OVERLAP_MS

AHEAD = 10.0  # seconds: the clock row's lead, and what restarts may add
UNSURE = 12.0  # seconds: a batch's lifetime plus the interval between reads of the writers' clock


class Stamps:
    """The newest published stamp, and the latest time that the store's own clock has shown."""

    def __init__(self) -> None:
        self._newest_ms = 0
        self._latest = 0.0  # seconds since 1970
        self._unsure_until = -1.0

    def clock_shows(self, time: float) -> None:
        """Record the time of the store's own clock, in seconds since 1970."""
        self._latest = max(self._latest, time)

    def clock_steps_forward(self, now: float) -> None:
        """The store's clock was set forward: writers' stamps may diverge for a while (ADR 6)."""
        self._unsure_until = now + UNSURE

    def is_unsure(self, now: float) -> bool:
        """Whether two writers' stamps may diverge."""
        return now <= self._unsure_until

    def arrived(self, row: dict[str, Any]) -> None:
        """Check that a feed row has its stamp's day and that its stamp is the store's time."""
        stamp = parse_cursor(row["Cursor"]["S"])
        assert row["Day"]["S"] == stamp.day
        ahead = stamp.ms / 1000 - self._latest
        assert ahead < AHEAD, f"stamped {ahead:.0f} s ahead of the store's clock"

    def published(self, ms: int, now: float) -> bool:
        """Record a published stamp; True if a client that resumes now could miss it."""
        late = ms < self._newest_ms - OVERLAP_MS and not self.is_unsure(now)
        self._newest_ms = max(self._newest_ms, ms)
        return late
