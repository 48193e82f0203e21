"""A hint wakes waiting threads; a hint given before the wait began counts too."""

import threading


class Wake:
    """Counts hints, and lets threads wait for the next one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._hints = 0
        self._closed = False

    def hint(self) -> None:
        """Wake waiting threads because something was written; callable from any thread."""
        with self._condition:
            self._hints += 1
            self._condition.notify_all()

    def close(self) -> None:
        """End all current and future waits."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def hints(self) -> int:
        """The number of hints so far, for `wait`."""
        return self._hints

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait until there are more hints than `seen`, or until the time is up; True for a hint."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._hints != seen, seconds)
            return self._hints != seen
