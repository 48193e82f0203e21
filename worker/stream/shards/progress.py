"""A reader reports when it last made progress, how far behind it is, and its last error."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from worker.stream.record_shapes import moment

_MINUTE = 60.0  # seconds


class Progress:
    """Written by the reader's thread, read by others."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self.at = monotonic()  # of the last page or checkpoint
        self.page_at: float | None = None
        self.lag = self.lag_at_most = 0.0
        self.arrived: float | None = None  # `lag` of the newest page with records
        self.answer = 0.0  # seconds that the last read took
        self._asked_at = self.at
        self.trouble = ""  # of a call that will be retried
        self.holds = False  # has records that are not yet durable and published
        self._whole_minutes = True

    def asked(self) -> None:
        """A read begins."""
        self._asked_at = self._monotonic()

    def done(self) -> None:
        """The page's records are durable and published."""
        self.at = self._monotonic()
        self.trouble = ""
        self.holds = False

    def received(self, records: Sequence[Any]) -> None:
        """A page was read."""
        self.done()
        self.page_at = self.at
        self.answer = round(self.at - self._asked_at, 3)
        self.lag = self.lag_at_most = 0.0
        self.holds = bool(records)
        if records:
            with suppress(ArithmeticError, KeyError, TypeError, ValueError):  # a poison record
                created = moment(records[-1]["dynamodb"]["ApproximateCreationDateTime"]).timestamp()
                now = self._wall()
                self.lag = self.arrived = round(max(0.0, now - self._latest(created)), 3)
                self.lag_at_most = round(max(0.0, now - created), 3)

    def _latest(self, created: float) -> float:
        """The latest possible creation time: DynamoDB Local reports whole minutes."""
        self._whole_minutes = self._whole_minutes and created % _MINUTE == 0
        return created + _MINUTE if self._whole_minutes else created

    @property
    def silent(self) -> float:
        """Seconds since the last page or checkpoint."""
        return round(self._monotonic() - self.at, 3)

    @property
    def behind(self) -> float:
        """Seconds behind, now; 0 if the last page had no records."""
        return self.lag + (self.since_page or 0.0) if self.lag else 0.0

    @property
    def since_page(self) -> float | None:
        """Seconds since the last page was read; None before the first."""
        return None if self.page_at is None else round(self._monotonic() - self.page_at, 3)
