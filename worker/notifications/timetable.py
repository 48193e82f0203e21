"""What is done from time to time, by its name. No I/O."""

import threading
from collections.abc import Callable


class Timetable:
    """When each thing is done next, in seconds of a clock that never goes back; thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_due(self, name: str, every: float) -> bool:
        """Whether it is to be done now; then it is due again after `every` seconds."""
        with self._lock:
            now = self._monotonic()
            if now < self._next.get(name, now):
                return False
            self._next[name] = now + every
            return True

    def soon(self, name: str, seconds: float) -> None:
        """Do it after so many seconds, unless it is done earlier."""
        with self._lock:
            then = self._monotonic() + seconds
            self._next[name] = min(self._next.get(name, then), then)
