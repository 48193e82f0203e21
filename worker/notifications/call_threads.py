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
Jobs = queue.SimpleQueue[Job | None]


class CallThreads:
    """Daemon threads that run jobs; a job belongs to one subscription, so their number is bounded.

    They start with the first job: most processes send nothing.
    """

    def __init__(self, at_head: int = AT_HEAD, behind: int = BEHIND) -> None:
        self._numbers = {False: at_head, True: behind}
        self._queues: dict[bool, Jobs] = {}
        self._lock = threading.Lock()

    def call(self, job: Job, *, is_behind: bool) -> None:
        """Run a job soon."""
        with self._lock:
            jobs = self._queues.get(is_behind)
            if jobs is None:
                jobs = self._queues[is_behind] = queue.SimpleQueue()
                for number in range(self._numbers[is_behind]):
                    name = f"notify-{'behind' if is_behind else 'head'}-{number}"
                    threading.Thread(target=_run, args=[jobs], name=name, daemon=True).start()
            jobs.put(job)

    def end(self) -> None:
        """End the threads, each after its call; the next job starts others."""
        with self._lock:
            for is_behind, jobs in self._queues.items():
                for _ in range(self._numbers[is_behind]):
                    jobs.put(None)
            self._queues.clear()


def _run(jobs: Jobs) -> None:
    while (job := jobs.get()) is not None:
        try:
            job()
        except Exception:  # noqa: BLE001 - the thread serves others, too
            _log.exception("a notification could not be sent")
