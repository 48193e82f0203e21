"""A hint says that something was written; a hint that cannot be sent at once is dropped.

Web processes publish hints and standalone workers listen, so that a shard reader can cut its
idle pause short. Nothing depends on a hint.
"""

import logging
from collections.abc import Callable
from typing import Any

from app.broker.redis.connection import BrokerUnavailable, connect, translated
from app.runtime.backoff import Backoff
from app.runtime.loop_thread import LoopThread

_log = logging.getLogger(__name__)

SEND_TIMEOUT = 0.5  # seconds to send a hint
# Seconds between two hints, as long as a reader waits between two polls after a hint. A hint costs
# about as much CPU time as a sixth of a write.
MIN_INTERVAL = 0.05
RETRY_INTERVAL = (
    2.0  # longest wait in seconds before listening again, and before a hint after a failure
)


class HintSender:
    """Sends hints on a thread of its own; a context manager."""

    def __init__(self, url: str, channel: str, retry_interval: float = RETRY_INTERVAL) -> None:
        self._redis = connect(url, SEND_TIMEOUT)
        self._channel = channel
        self._retry_interval = retry_interval
        self._loop = LoopThread("redis-hints", self._send, first=None)

    def __enter__(self) -> "HintSender":
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        self._redis.close()

    def hint(self) -> None:
        """Send a hint soon. Never blocks; hints in quick succession are sent as one."""
        self._loop.wake()

    def _send(self) -> None:
        silence = MIN_INTERVAL
        try:
            with translated():
                self._redis.publish(self._channel, b"1")
        except BrokerUnavailable:  # not logged: the follower logs the outage once
            silence = self._retry_interval
        self._loop.stop.wait(silence)


class RedisHints:
    """Listens for hints and calls `hint` (`Wake.hint`) for each, until the block ends."""

    def __init__(
        self,
        url: str,
        channel: str,
        hint: Callable[[], object],
        retry_interval: float = RETRY_INTERVAL,
    ) -> None:
        self._redis = connect(url)
        self._channel = channel
        self._hint = hint
        self._deaf = False
        self._loop = LoopThread(
            "redis-hints",
            self._listen,
            failed=self._report,
            backoff=Backoff(retry_interval, retry_interval),
        )

    def __enter__(self) -> "RedisHints":
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        self._redis.close()

    def _report(self, error: BaseException) -> None:
        if not isinstance(error, BrokerUnavailable):
            _log.error("hints from Redis failed", exc_info=error)
            return
        if not self._deaf:
            _log.info("Redis is not available, so the reader gets no hints: %s", error)
        self._deaf = True

    def _listen(self) -> None:
        pubsub: Any = self._redis.pubsub  # the library leaves it untyped
        with translated(), pubsub() as channel:
            channel.subscribe(self._channel)
            self._deaf = False
            self._hint()  # for hints that were sent before this process listened
            while not self._loop.stop.is_set():
                message = channel.get_message(timeout=1.0)
                if message is not None and message["type"] == "message":
                    self._hint()
