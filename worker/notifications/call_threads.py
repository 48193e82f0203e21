"""Channels are called by a few threads; those that are behind have others than those that are not.

So recipients that hang for half a minute can use up only the threads of their like.
"""

import logging
import queue
import threading
from collections.abc import Callable

AT_HEAD, BEHIND = 16, 8  # threads

_log = logging.getLogger(__name__)

Job = Callable[[], None]


class CallThreads:
    """Daemon threads that run jobs; a job belongs to one subscription, so their number is bounded.

    They start with the first job: most processes send nothing.
    """

    def __init__(self, at_head: int = AT_HEAD, behind: int = BEHIND) -> None:
        self._queues: dict[bool, queue.SimpleQueue[Job | None]] = {
            False: queue.SimpleQueue(),
            True: queue.SimpleQueue(),
        }
        self._numbers = {False: at_head, True: behind}
        self._started: dict[bool, int] = {False: 0, True: 0}
        self._lock = threading.Lock()
        self._closed = False

    def call(self, job: Job, *, is_behind: bool) -> None:
        """Run a job soon."""
        with self._lock:
            if self._closed:
                return
            self._queues[is_behind].put(job)
            if self._started[is_behind] == 0:
                for number in range(self._numbers[is_behind]):
                    name = f"notify-{'behind' if is_behind else 'head'}-{number}"
                    thread = threading.Thread(
                        target=self._run, args=[self._queues[is_behind]], name=name, daemon=True
                    )
                    thread.start()
                    self._started[is_behind] += 1

    def close(self) -> None:
        """Run no more jobs; a call that runs may end by itself: what it sends has a row."""
        with self._lock:
            self._closed = True
            for kind, started in self._started.items():
                for _ in range(started):
                    self._queues[kind].put(None)

    def _run(self, jobs: "queue.SimpleQueue[Job | None]") -> None:
        while (job := jobs.get()) is not None and not self._closed:
            try:
                job()
            except Exception:  # noqa: BLE001 - the thread serves others, too
                _log.exception("a notification could not be sent")
