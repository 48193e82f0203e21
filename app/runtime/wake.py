"""A hint wakes whoever waits, from any thread; one that was given before the wait counts too."""

import threading


class Wake:
    """Counts hints, and lets threads wait for the next one."""

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
