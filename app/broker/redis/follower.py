"""One thread follows the Redis stream for a web process, and reads missed events from `Feed`.

While Redis is unavailable, the same thread reads `Feed` at least every two seconds. No error
ends it. The ring drops duplicates, so reading too much does no harm.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from app.broker.frames import Frame, frame_of
from app.broker.in_process import InProcessBroker
from app.broker.redis.connection import BrokerUnavailable
from app.broker.redis.entries import Entry, entry_of
from app.broker.redis.stream_reader import EntryStream, PositionLost
from app.core.errors import StockpulseError
from app.runtime.loop_thread import LoopThread
from app.store.timeline.timeline import OVERLAP_MS

_log = logging.getLogger(__name__)

POLL_INTERVAL = (
    1.0  # seconds between attempts while Redis is unavailable, each with a read of `Feed`
)


class RedisFollower:
    """Feeds `broker` until the block ends; a context manager that loads the broker first."""

    def __init__(
        self,
        broker: InProcessBroker,
        stream: EntryStream,
        poll_interval: float = POLL_INTERVAL,
        on_events: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_events` is called after events were passed to the broker."""
        self._broker = broker
        self._on_events = on_events
        self._stream = stream
        self._poll_interval = poll_interval
        self._position: bytes | None = None
        self._complete_ms = 0  # every event published with a stamp up to here is in the ring
        self._trouble = ""
        self._loop = LoopThread("redis-follower", self._turn)

    def __enter__(self) -> "RedisFollower":
        """Load the ring and start, whether or not Redis is available.

        Raises:
            StoreUnavailable: `Feed` cannot be read.

        """
        try:
            position = self._stream.newest()
        except StockpulseError as error:
            self._note(error)
            position = None
        try:
            self._complete_ms = self._broker.load()
        except BaseException:
            self._stream.close()
            raise
        self._position = position
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        self._stream.close()

    def problem(self) -> str | None:
        """What is wrong with Redis; None if nothing is. Never blocks."""
        if not self._loop.is_alive():
            return "the thread that follows Redis has stopped; restart this server"
        return self._trouble or None

    def _turn(self) -> float:
        try:
            self._follow()
        except PositionLost:
            _log.warning("the position in the Redis stream was lost: reading the feed instead")
            self._position = None
        except Exception as error:  # noqa: BLE001 - whatever the error, `Feed` has the events
            self._position = None
            self._note(error)
            self._read_feed()
            return self._poll_interval
        return 0.0

    def _follow(self) -> None:
        if self._position is None:
            position = self._stream.newest()
            self._catch_up()  # after the position was read, so that no entry is missed in between
            self._position = position
            if self._trouble:
                _log.warning("following Redis again")
            self._trouble = ""
        entries = self._stream.after(self._position)
        if entries:
            self._take([fields for _, fields in entries])
            self._position = entries[-1][0]
        else:
            self._stream.wait(self._position)

    def _take(self, entries: Sequence[Mapping[bytes, bytes]]) -> None:
        changes = [change for change in map(entry_of, entries) if change is not None]
        if not changes:
            return
        newest = changes[-1]
        self._broker.take([_frame(change) for change in changes], newest.cursor, newest.occurred_ms)
        self._complete_ms = max(self._complete_ms, *(change.cursor.ms for change in changes))
        self._on_events()

    def _catch_up(self) -> None:
        newest = self._broker.catch_up(max(0, self._complete_ms - OVERLAP_MS))
        self._complete_ms = max(self._complete_ms, newest)
        self._on_events()

    def _read_feed(self) -> None:
        try:
            self._catch_up()
        except Exception as error:  # noqa: BLE001 - the next read may succeed
            _log.warning("cannot read the feed: %s", error)

    def _note(self, error: Exception) -> None:
        if not self._trouble:
            _log.warning("cannot follow Redis, reading the feed instead: %s", error)
        # Every viewer sees this text; the address and the reason are only in the log.
        match error:
            case BrokerUnavailable():
                self._trouble = "Redis is not available; live events are delayed"
            case StockpulseError():
                self._trouble = error.detail
            case _:
                self._trouble = "reading from Redis failed; live events are delayed"


def _frame(change: Entry) -> Frame:
    return frame_of(str(change.cursor), change.event_id, change.topic, change.document)
