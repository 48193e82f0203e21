"""Durable is the greatest sequence number below which no sink owes anything. Pure.

A shard's records come in their order and are settled in any. What is read again after a
fault is owed again, but what was durable stays so.
"""

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    number: str
    owed: int


class Tracker:
    """A shard's records that are in flight; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[_Entry] = deque()
        self._durable: str | None = None

    def read(self, number: str, sinks: int) -> "Settle":
        """A record was read that so many sinks have yet to accept or park."""
        entry = _Entry(number, sinks)
        with self._lock:
            self._entries.append(entry)
            self._advance()
        return Settle(self, entry)

    @property
    def durable(self) -> str | None:
        """The last number of the settled beginning; None where there is none yet."""
        return self._durable

    @property
    def waiting(self) -> int:
        """Records from the first unsettled one on."""
        return len(self._entries)

    def settle(self, entry: _Entry) -> None:
        """One sink owes this record no more."""
        with self._lock:
            entry.owed -= 1
            self._advance()

    def _advance(self) -> None:
        while self._entries and self._entries[0].owed <= 0:
            number = self._entries.popleft().number
            if not _is_before(number, self._durable):
                self._durable = number


def _is_before(number: str, durable: str | None) -> bool:
    """Whether a number lies before another; one that is none (of a broken record) never does."""
    if durable is None or not (number.isdecimal() and durable.isdecimal()):
        return False
    return int(number) < int(durable)


@dataclass(frozen=True, slots=True)
class Settle:
    """What a sink calls once it has accepted or parked a record."""

    tracker: Tracker
    entry: _Entry

    def __call__(self) -> None:
        """It has."""
        self.tracker.settle(self.entry)
