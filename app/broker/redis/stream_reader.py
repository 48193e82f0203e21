"""A reader's position is an entry that it has read; once that entry is gone, so is certainty.

Each read begins with the last entry read. If that is not the first to come back, the stream
was trimmed past it, flushed, restored from an older copy, or begun anew by a Redis that
came back empty: whatever it was, entries may have been missed.
"""

from collections.abc import Mapping
from typing import Any

from app.broker.redis.connection import READ_TIMEOUT, connect, translated
from app.broker.redis.entries import MAX_ENTRIES, mark

PROBE_TIMEOUT = 1.0  # seconds for the first sign of life
BLOCK = 1.0  # seconds that a wait for more may take
AT_ONCE = 500  # entries a read


class PositionLost(Exception):
    """Entries after the position may have been missed."""


class EntryStream:
    """The stream as one reader sees it."""

    def __init__(
        self,
        url: str,
        stream: str,
        *,
        timeout: float = READ_TIMEOUT,
        block: float = BLOCK,
        at_once: int = AT_ONCE,
    ) -> None:
        """`block`: the longest that `wait` waits, in seconds; it must be below `timeout`."""
        self._redis = connect(url, timeout)
        self._probe = connect(url, min(PROBE_TIMEOUT, timeout))
        self._stream = stream
        self._block_ms = max(1, int(block * 1000))
        self._at_once = at_once

    def newest(self) -> bytes:
        """The position of the newest entry; an empty stream is given one.

        Raises:
            BrokerUnavailable: Redis does not answer, not even within a short time.

        """
        with translated():
            # A hung server takes connections and never answers; find that out at once.
            self._probe.ping()
            found: Any = self._redis.xrevrange(self._stream, count=1)
            if found:
                return bytes(found[0][0])
            added: Any = self._redis.xadd(
                self._stream, mark(), maxlen=MAX_ENTRIES, approximate=True
            )
            return bytes(added)

    def after(self, position: bytes) -> list[tuple[bytes, Mapping[bytes, bytes]]]:
        """Entries after the position, some at a time; none where it is the newest.

        Raises:
            PositionLost: the entry at the position is gone.
            BrokerUnavailable: Redis does not answer.

        """
        with translated():
            found: Any = self._redis.xrange(self._stream, min=position, count=self._at_once + 1)
        if not found or found[0][0] != position:
            raise PositionLost
        return list(found[1:])

    def wait(self, position: bytes) -> None:
        """Return when there is an entry after the position, or after a while.

        Raises:
            BrokerUnavailable: Redis does not answer.

        """
        with translated():
            self._redis.xread({self._stream: position}, count=1, block=self._block_ms)

    def close(self) -> None:
        """Close its connections."""
        self._redis.close()
        self._probe.close()
