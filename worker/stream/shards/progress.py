"""What a reader reports of itself: when it last moved, how far behind it is, what is wrong."""

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
        self.at = monotonic()  # of the last sign of life
        self.page_at: float | None = None
        self.lag = self.lag_at_most = 0.0
        self.trouble = ""
        self.holds = False  # records that are not durable and published yet
        self._whole_minutes = True

    def made(self) -> None:
        """All is well."""
        self.at = self._monotonic()
        self.trouble = ""
        self.holds = False

    def failed(self, trouble: str) -> None:
        """A call failed; it will be tried again."""
        self.trouble = trouble

    def saw(self, records: Sequence[Any]) -> None:
        """A page came."""
        self.made()
        self.page_at = self.at
        self.lag = self.lag_at_most = 0.0
        self.holds = bool(records)
        if records:
            with suppress(ArithmeticError, KeyError, TypeError, ValueError):  # a poison record
                told = moment(records[-1]["dynamodb"]["ApproximateCreationDateTime"]).timestamp()
                now = self._wall()
                self.lag = round(max(0.0, now - self._latest(told)), 3)
                self.lag_at_most = round(max(0.0, now - told), 3)

    def _latest(self, created: float) -> float:
        """When it can have been at the latest: DynamoDB Local tells times in whole minutes."""
        self._whole_minutes = self._whole_minutes and created % _MINUTE == 0
        return created + _MINUTE if self._whole_minutes else created

    @property
    def since_page(self) -> float | None:
        """Seconds since the last page came; None before the first."""
        return None if self.page_at is None else round(self._monotonic() - self.page_at, 3)
