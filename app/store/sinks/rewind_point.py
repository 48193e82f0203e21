"""A sink can be rewound to any time from the oldest stored event to now."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from app.core.events import rfc3339
from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import Feed
from app.store.sinks.sink_errors import TimeOutOfRange

RewindTo = datetime | Literal["now", "beginning"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rewind_point(feed: Feed, sink: str, to: RewindTo, now_ms: int) -> Cursor:
    """The cursor after which the sink delivers again; `now_ms` is in milliseconds since 1970.

    Raises:
        TimeOutOfRange: the time is before retention or in the future.

    """
    if to == "now":
        return feed.newest() or before(0)
    oldest = feed.oldest(now_ms)
    if to == "beginning":
        return before(0 if oldest is None else oldest.ms)
    ms = (to - _EPOCH) // timedelta(milliseconds=1)
    if ms > now_ms or (oldest is not None and ms < oldest.ms):
        first = now_ms if oldest is None else oldest.ms
        raise TimeOutOfRange(
            f"Sink {sink} can be rewound to a time from {_time(first)} (the oldest stored event) "
            f"to {_time(now_ms)} (now)."
        )
    return before(ms)


def _time(ms: int) -> str:
    return rfc3339(datetime.fromtimestamp(ms / 1000, UTC))
