"""What a stream says about itself: how far behind each hop is, and what is wrong with the store."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.broker.frames import signal
from app.core.events import rfc3339
from app.store.feed.cursor import Cursor, wall_ms


class Vitals:
    """Makes `hello` and `heartbeat`; `status` says what is wrong (None: nothing)."""

    def __init__(self, version: str, status: Callable[[], str | None]) -> None:
        self._version = version
        self.status = status
        self._lag = {"stream": 0, "audit": 0}

    def published(self, cursor: Cursor, occurred_ms: int) -> None:
        """The newest event is out: note how long it took, in the stream and since its stamp."""
        self._lag = {
            "stream": max(0, cursor.ms - occurred_ms),
            "audit": max(0, wall_ms() - cursor.ms),
        }

    def hello(self, cursor: str) -> bytes:
        """The first message."""
        told = {
            "cursor": cursor,
            "server_version": self._version,
            "store": self.status() or "ok",
        }
        return signal("hello", cursor, told)

    def heartbeat(self, cursor: str) -> bytes:
        """The message of quiet times."""
        told: dict[str, Any] = {
            "time": rfc3339(datetime.now(UTC)),
            "lag_ms": self._lag,
            "store": self.status() or "ok",
        }
        return signal("heartbeat", cursor, told)
