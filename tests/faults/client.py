"""Followers of the feed for fault tests: an SSE client, and a reader of the Redis stream."""

import threading
import time
from collections import Counter

import orjson
import redis

from tests.support.processes.process import Follower
from tests.support.processes.redis_server import RedisServer


class Client:
    """An SSE client in a thread that reconnects after every disconnection.

    It also reconnects every `stretch` seconds, and after `patience` seconds without data.
    """

    def __init__(self, url: str, *, stretch: float = 3, patience: float = 1) -> None:
        self.follower = Follower(url, patience)
        self._stretch = stretch
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._stop.is_set():
            self.follower.follow(self._stretch)
            time.sleep(0.05)

    def wait_for(self, events: int, seconds: float) -> None:
        """Wait until there are this many distinct events, or the time is over."""
        deadline = time.monotonic() + seconds
        while len(set(self.follower.ids)) < events and time.monotonic() < deadline:
            time.sleep(0.2)

    def end(self) -> None:
        """Stop at the next disconnection or reconnection."""
        self._stop.set()
        self._thread.join(10)


class Tap:
    """Counts in a thread how often each event was published to Redis."""

    def __init__(self, server: RedisServer, stream: str) -> None:
        self.published: Counter[str] = Counter()
        self._server = server
        self._stream = stream
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def twice(self) -> int:
        """The number of repeated publications."""
        return sum(count - 1 for count in self.published.values())

    def end(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _read(self) -> None:
        position = b"0-0"
        with self._server.client() as client:
            while not self._stop.is_set():
                try:
                    found = client.xread({self._stream: position}, count=1000, block=500)
                except redis.ConnectionError:
                    return
                for _, entries in found:
                    for position, fields in entries:  # noqa: B007 - where to continue
                        if b"head" in fields:
                            self.published[orjson.loads(fields[b"head"])[1]] += 1
