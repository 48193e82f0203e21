"""A hint says that something was written; it is dropped rather than waited for.

Web processes publish hints, standalone workers listen: the reader then need not wait out its
idle pause. Nothing rests on a hint.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from app.broker.redis.link import BrokerUnavailable, connect, translated

_log = logging.getLogger(__name__)

SEND_TIMEOUT = 0.5  # seconds for a hint to go out
APART = 0.01  # seconds between two hints: a reader at work needs none
AGAIN = 2.0  # seconds between tries to listen, and of silence after a hint that failed


class HintSender:
    """Sends hints on a thread of its own; a context manager."""

    def __init__(self, url: str, channel: str, again: float = AGAIN) -> None:
        self._redis = connect(url, SEND_TIMEOUT)
        self._channel = channel
        self._again = again
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redis-hints", daemon=True)

    def __enter__(self) -> "HintSender":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._wanted.set()
        self._thread.join(5)
        self._redis.close()

    def hint(self) -> None:
        """Something was written. Never waits; hints that come close together go out as one."""
        self._wanted.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if self._stop.is_set():
                return
            try:
                with translated():
                    self._redis.publish(self._channel, b"1")
                self._stop.wait(APART)
            except BrokerUnavailable:  # the follower says so, once; a hint is not worth a line
                self._stop.wait(self._again)
            except Exception as error:  # noqa: BLE001 - this thread must outlive any fault
                _log.error("a hint was not sent", exc_info=error)
                self._stop.wait(self._again)


class RedisHints:
    """Listens for hints and hands each to `hint` (`Wake.hint`), until the block ends."""

    def __init__(
        self, url: str, channel: str, hint: Callable[[], object], again: float = AGAIN
    ) -> None:
        self._redis = connect(url)
        self._channel = channel
        self._hint = hint
        self._again = again
        self._deaf = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redis-hints", daemon=True)

    def __enter__(self) -> "RedisHints":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(5)
        self._redis.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except BrokerUnavailable as error:
                if not self._deaf:
                    _log.info("no hints from Redis until it is back: %s", error)
                self._deaf = True
                self._stop.wait(self._again)
            except Exception as error:  # noqa: BLE001 - this thread must outlive any fault
                _log.error("hints from Redis failed", exc_info=error)
                self._stop.wait(self._again)

    def _listen(self) -> None:
        pubsub: Any = self._redis.pubsub  # the library leaves it untyped
        with translated(), pubsub() as channel:
            channel.subscribe(self._channel)
            self._deaf = False
            self._hint()  # for what was written while nobody listened
            while not self._stop.is_set():
                message = channel.get_message(timeout=1.0)
                if message is not None and message["type"] == "message":
                    self._hint()
