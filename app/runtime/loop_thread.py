"""A background thread repeats one function until its block ends; no fault of a turn ends it.

A turn that raises is reported and repeated after a backoff. What it raises once `stop` is set is
put down to the stop and logged for debugging only. At the end the thread is waited for, but not
beyond `JOIN`: a turn that hangs is left behind on its daemon thread.
"""

import logging
import threading
from collections.abc import Callable
from typing import Self

from app.runtime.backoff import Backoff

_log = logging.getLogger(__name__)

JOIN = 10.0  # seconds that the end waits for a turn under way
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

        `failed` takes the place of that. `first` is the wait before the first turn, as `turn`
        returns it. `stop`, which the end of the block sets, may be shared with others.
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
                self._report(error)
                self.stop.wait(self._backoff(failures))

    def _report(self, error: BaseException) -> None:
        if self.stop.is_set():
            _log.debug("the thread %s was stopped", self._name, exc_info=error)
        else:
            self._failed(error)

    def _log(self, error: BaseException) -> None:
        if isinstance(error, self._expected):
            _log.warning("the thread %s failed and tries again: %s", self._name, error)
        else:
            _log.error("the thread %s failed and tries again", self._name, exc_info=error)
