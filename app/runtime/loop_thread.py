"""A background thread repeats one function until its block ends; no error ends it earlier.

An error in a turn is reported, and the next turn starts after a backoff. An error after `stop` is
set is assumed to come from the stop and is only logged at debug level. The end of the block waits
for the thread, for at most `JOIN` seconds; a turn that hangs is left on its daemon thread.
"""

import logging
import threading
from collections.abc import Callable
from typing import Self

from app.runtime.backoff import Backoff

_log = logging.getLogger(__name__)

JOIN = 10.0  # seconds that the end of the block waits for a running turn
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
        expected: tuple[type[Exception], ...] = (),
        failed: Callable[[BaseException], None] | None = None,
        backoff: Backoff = BACKOFF,
        first: float | None = 0.0,
        stop: threading.Event | None = None,
    ) -> None:
        """Errors of an `expected` type are logged as one line, others with their traceback.

        `failed` replaces this logging. `first` is the wait before the first turn, as `turn`
        returns it. The end of the block sets `stop`, which may be shared with other threads.
        """
        self.stop = threading.Event() if stop is None else stop
        self._turn = turn
        self._expected = expected
        self._failed = failed or self._log
        self._backoff = backoff
        self._first = first
        self._name = name
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self._woken.set()
        self._thread.join(JOIN)

    def wake(self) -> None:
        """Start the next turn now, or right after the current one; a backoff is not shortened."""
        self._woken.set()

    def is_alive(self) -> bool:
        """Whether the thread is running."""
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
            except BaseException as error:  # noqa: BLE001 - no error may end this thread
                failures += 1
                self._report(error)
                self.stop.wait(self._backoff(failures))

    def _report(self, error: BaseException) -> None:
        if self.stop.is_set():
            _log.debug("thread %s failed while stopping", self._name, exc_info=error)
        else:
            self._failed(error)

    def _log(self, error: BaseException) -> None:
        if isinstance(error, self._expected):
            _log.warning("thread %s failed and will retry: %s", self._name, error)
        else:
            _log.error("thread %s failed and will retry", self._name, exc_info=error)
