"""How long a reader waits before its next page: not at all while there is more, ever longer if not.

A hint that something was written is answered at 0, 50, 150 and 400 ms, for a record can
trail its write; hints never affect correctness. Pure, but for `Wake`, which carries them.
"""

import threading
from itertools import pairwise

HINT_POLLS = (0.0, 0.05, 0.15, 0.4)  # seconds after the hint


class Pace:
    """Delays, in seconds, of one shard's reader; `idle` is the longest."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._after_hint: list[float] = []

    def hinted(self) -> None:
        """A write was committed: look now, and again soon."""
        self._after_hint = [later - sooner for sooner, later in pairwise(HINT_POLLS)]

    def delay(self, *, found: bool) -> float:
        """The wait after a page that held records (`found`) or none."""
        if found:
            return 0.0
        if self._after_hint:
            return min(self._after_hint.pop(0), self._idle)
        return self._idle


class Wake:
    """Hands hints from any thread to the waiting readers; a hint given before a wait counts."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._hints = 0
        self._closed = False

    def hint(self) -> None:
        """Something was written."""
        with self._condition:
            self._hints += 1
            self._condition.notify_all()

    def close(self) -> None:
        """End every wait, now and from now on."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def hints(self) -> int:
        """How many there were: what `wait` compares with."""
        return self._hints

    @property
    def closed(self) -> bool:
        """Whether to stop."""
        return self._closed

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait for a hint beyond `seen` or the time; True for a hint."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._hints != seen, seconds)
            return self._hints != seen
