"""A reader's position is the last entry that it read; if that entry is gone, some may be missed.

Each read starts at that entry. If it is not the first one returned, the stream was trimmed past
it, flushed, restored from an older copy, or Redis restarted empty. In every case, entries may
have been missed.
"""

from collections.abc import Mapping
from typing import Any

from app.broker.redis.connection import READ_TIMEOUT, connect, translated
from app.broker.redis.entries import MAX_ENTRIES, mark

PROBE_TIMEOUT = 1.0  # seconds to answer the first ping
BLOCK = 1.0  # longest wait for more entries, in seconds
AT_ONCE = 500  # entries per read


class PositionLost(Exception):
    """Entries after the position may have been missed."""


class EntryStream:
    """Reads the Redis Stream; one reader has one of these."""

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
        """The position of the newest entry; a mark is added to an empty stream.

        Raises:
            BrokerUnavailable: Redis cannot be used, or does not answer a ping within a second.

        """
        with translated():
            # A hung server accepts connections but never answers; the ping detects that quickly.
            self._probe.ping()
            found: Any = self._redis.xrevrange(self._stream, count=1)
            if found:
                return bytes(found[0][0])
            added: Any = self._redis.xadd(
                self._stream, mark(), maxlen=MAX_ENTRIES, approximate=True
            )
            return bytes(added)

    def after(self, position: bytes) -> list[tuple[bytes, Mapping[bytes, bytes]]]:
        """The next entries after the position, up to `at_once`; none if it is the newest.

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
        """Wait until there is an entry after the position, or until `block` seconds have passed.

        Raises:
            BrokerUnavailable: Redis does not answer.

        """
        with translated():
            self._redis.xread({self._stream: position}, count=1, block=self._block_ms)

    def close(self) -> None:
        """Close its connections."""
        self._redis.close()
        self._probe.close()
