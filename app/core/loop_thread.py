"""A background thread repeats one function until its block ends; no fault of a turn ends it.

A turn that raises is reported and repeated after a backoff. At the end the thread is waited for
a bounded time; one that still runs then is left behind, which a daemon thread may be.
"""

import logging
import threading
from collections.abc import Callable
from typing import Self

from app.core.backoff import Backoff

_log = logging.getLogger(__name__)

JOIN = 10.0  # seconds
BACKOFF = Backoff(0.05, 2.0)


class LoopThread:
    """Calls `turn` again and again; a context manager.

    `turn` returns the seconds to wait before the next turn, or None to wait until `wake`.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], float | None],
        *,
        failed: Callable[[BaseException], None] | None = None,
        backoff: Backoff = BACKOFF,
        first: float | None = 0.0,
        stop: threading.Event | None = None,
        join: float = JOIN,
    ) -> None:
        """`failed` reports what a turn raised; without it, the traceback is logged.

        `first` is the wait before the first turn, as `turn` returns it. `stop` may be shared with
        others that end together. `join` bounds the wait for a turn under way at the end.
        """
        self.stop = threading.Event() if stop is None else stop
        self._turn = turn
        self._failed = failed or self._log_failure
        self._backoff = backoff
        self._first = first
        self._join = join
        self._name = name
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self._woken.set()
        self._thread.join(self._join)

    def wake(self) -> None:
        """Begin the next turn now, or right after the one under way; a backoff is not cut short."""
        self._woken.set()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        self._woken.wait(self._first)
        while not self.stop.is_set():
            try:
                self._woken.clear()
                wait = self._turn()
                failures = 0
                self._woken.wait(wait)
            except BaseException as error:  # noqa: BLE001 - this thread must outlive any fault
                failures += 1
                self._failed(error)
                self.stop.wait(self._backoff(failures))

    def _log_failure(self, error: BaseException) -> None:
        _log.error("the thread %s failed; it goes on", self._name, exc_info=error)
