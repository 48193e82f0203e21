"""A cursor names an event's arrival and never goes backwards within a deployment.

`<ms:013d>-<writer:8 hex>-<n:03d>`: milliseconds of the writer's stamp, the writer (one
process life), and the event's place in its batch. Text order is arrival order.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.errors import InvalidCursor

_FORM = re.compile(r"([0-9]{13})-([0-9a-f]{8})-([0-9]{3})")


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the timeline over all products."""

    ms: int
    writer: str
    n: int

    def __str__(self) -> str:
        return f"{self.ms:013d}-{self.writer}-{self.n:03d}"

    @property
    def day(self) -> str:
        """UTC day of the stamp: the day of `Feed` that holds it."""
        return day_of(self.ms)

    def at(self, n: int) -> "Cursor":
        """The cursor of the batch's event number `n`."""
        return Cursor(self.ms, self.writer, n)


def parse_cursor(text: str) -> Cursor:
    """The cursor that a client sent.

    Raises:
        InvalidCursor: it is not of our form.

    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidCursor(
            "The cursor is not one that the feed gave out. Connect without Last-Event-ID and "
            "`after` to start from now.",
            extra={"errors": [{"pointer": "?after", "detail": "unknown cursor"}]},
        )
    return Cursor(int(match[1]), match[2], int(match[3]))


def before(ms: int) -> Cursor:
    """The place right before every row stamped at or after `ms`."""
    return Cursor(max(ms - 1, 0), "ffffffff", 0)


def day_of(ms: int) -> str:
    """UTC day, `YYYY-MM-DD`, of milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def wall_ms() -> int:
    """Milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000


class CursorClock:
    """Stamps batches so that each stamp is greater than every one before it.

    `last_ms` is the newest stamp in `Feed`: with one writer at a time (the in-process
    broker's owner) that is all a restart or a clock that stepped back needs (ADR 0002).
    """

    def __init__(self, last_ms: int, now_ms: Callable[[], int] = wall_ms) -> None:
        self._writer = secrets.token_hex(4)
        self._last = last_ms
        self._now = now_ms
        self._lock = threading.Lock()

    def stamp(self) -> Cursor:
        """A cursor for a new batch, its first event's."""
        with self._lock:
            self._last = max(self._now(), self._last + 1)
            return Cursor(self._last, self._writer, 0)
