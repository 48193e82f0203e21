"""Where a file begins and ends follows from the cursors alone: every worker makes the same files.

A file has the arrivals of five minutes (UTC, by their stamps), or 50,000 of them; the next one of
the same five minutes begins after it. An event that is missing or filtered out counts like any
other. No I/O.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from app.store.feed.cursor import Cursor
from app.store.timeline.batch import Entry

WINDOW_MS = 300_000
MOST = 50_000  # arrivals in a file


def window_start(ms: int) -> int:
    """When the five minutes with this time began, in ms since 1970."""
    return ms - ms % WINDOW_MS


def window_end(ms: int) -> int:
    """When the five minutes with this time end, in ms since 1970."""
    return window_start(ms) + WINDOW_MS


class File(Protocol):
    """A file that is being written; nothing of it can be seen before `close` returns."""

    def add(self, entries: Sequence[Entry]) -> int:
        """Append events, in the order of their cursors; returns their size in bytes, roughly."""
        ...

    def close(self, end: Cursor) -> Cursor:
        """Make the file durable; `end` is its last arrival.

        If another worker was quicker, that worker's file stays as it is. Returns the last arrival
        of the file that is there.
        """
        ...


class Files(Protocol):
    """What holds a sink's files. Each method raises `Unavailable` if it cannot be used now."""

    def covered(self, first: Cursor) -> Cursor | None:
        """The last arrival of the durable file that has the arrival `first`; None if none has."""
        ...

    def file(self, first: Cursor) -> AbstractContextManager[File]:
        """A new file that begins with the arrival `first`; it is dropped unless it is closed."""
        ...
