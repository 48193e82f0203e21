"""A cursor identifies an event's arrival, and cursors never go backwards within a deployment.

`<ms:013d>-<writer:8 hex>-<n:03d>`: the milliseconds of the stamp, the writer (one process life),
and the event's number in its batch. Text order is arrival order.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from app.core.errors import InvalidCursor

_FORM = re.compile(r"([0-9]{13})-([0-9a-f]{8})-([0-9]{3})")


class Cursor(NamedTuple):
    """A position in the timeline of all products.

    A tuple, because a sink that catches up compares and hashes several for each event.
    """

    ms: int
    writer: str
    n: int

    def __str__(self) -> str:
        return f"{self.ms:013d}-{self.writer}-{self.n:03d}"

    @property
    def day(self) -> str:
        """The UTC day of the stamp, which is the row's day in `Feed`."""
        return day_of(self.ms)

    def at(self, n: int) -> "Cursor":
        """The cursor of event number `n` in the same batch."""
        return Cursor(self.ms, self.writer, n)


def parse_cursor(text: str) -> Cursor:
    """The cursor with this text, such as a client sends it.

    Raises:
        InvalidCursor: the text does not have the form of a cursor.

    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidCursor(
            "The cursor is not valid. To start from now, connect without Last-Event-ID and "
            "without `after`.",
            extra={"errors": [{"pointer": "?after", "detail": "unknown cursor"}]},
        )
    return Cursor(int(match[1]), match[2], int(match[3]))


def before(ms: int) -> Cursor:
    """The position just before every row stamped at or after `ms`."""
    return Cursor(max(ms - 1, 0), "ffffffff", 0)


def day_of(ms: int) -> str:
    """The UTC day (`YYYY-MM-DD`) of milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def wall_ms() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000


class CursorClock:
    """Stamps batches so that each stamp is greater than every earlier one, for a single writer.

    `last_ms` is the newest stamp in `Feed`. With one writer at a time (the owner of the in-process
    broker), it keeps stamps rising after a restart or a clock that steps back (ADR 0002).
    """

    def __init__(self, last_ms: int, now_ms: Callable[[], int] = wall_ms) -> None:
        self._writer = secrets.token_hex(4)
        self._last = last_ms
        self._now = now_ms
        self._lock = threading.Lock()

    def stamp(self) -> Cursor:
        """The cursor of a new batch's first event."""
        with self._lock:
            self._last = max(self._now(), self._last + 1)
            return Cursor(self._last, self._writer, 0)
