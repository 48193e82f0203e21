"""Channels are called by a few threads, of which one recipient has two at most.

Recipients that are behind have other threads than those that are not. So recipients that hang for
half a minute use up only the threads of their like.
"""

import logging
import queue
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable

AT_HEAD, BEHIND = 24, 8  # threads
EACH = 2  # threads of each of both for one recipient

_log = logging.getLogger(__name__)

Job = Callable[[], None]


class CallThreads:
    """Daemon threads that run jobs; a job belongs to one subscription, so their number is bounded.

    They start with the first job: most processes send nothing.
    """

    def __init__(self, at_head: int = AT_HEAD, behind: int = BEHIND) -> None:
        self._numbers = {False: at_head, True: behind}
        self._pools: dict[bool, _Pool] = {}
        self._lock = threading.Lock()

    def call(self, recipient: str, job: Job, *, is_behind: bool) -> None:
        """Run a job soon."""
        with self._lock:
            pool = self._pools.get(is_behind)
            if pool is None:
                name = f"notify-{'behind' if is_behind else 'head'}"
                pool = self._pools[is_behind] = _Pool(name, self._numbers[is_behind])
        pool.call(recipient, job)

    def end(self) -> None:
        """End the threads, each after its call; the next job starts others."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.end()


class _Pool:
    """Some threads; jobs of a recipient that has its share wait for each other."""

    def __init__(self, name: str, number: int) -> None:
        self._number = number
        self._jobs: queue.SimpleQueue[tuple[str, Job] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[Job]] = defaultdict(deque)
        for one in range(number):
            threading.Thread(target=self._run, name=f"{name}-{one}", daemon=True).start()

    def call(self, recipient: str, job: Job) -> None:
        with self._lock:
            if self._running[recipient] >= EACH:
                self._waiting[recipient].append(job)
                return
            self._running[recipient] += 1
        self._jobs.put((recipient, job))

    def end(self) -> None:
        with self._lock:
            self._waiting.clear()
        for _ in range(self._number):
            self._jobs.put(None)

    def _run(self) -> None:
        while (taken := self._jobs.get()) is not None:
            recipient, job = taken
            try:
                job()
            except Exception:  # noqa: BLE001 - the thread serves others, too
                _log.exception("a notification could not be sent")
            finally:
                self._next(recipient)

    def _next(self, recipient: str) -> None:
        with self._lock:
            waiting = self._waiting.get(recipient)
            if not waiting:
                self._waiting.pop(recipient, None)
                self._running[recipient] -= 1
                if not self._running[recipient]:
                    del self._running[recipient]
                return
            job = waiting.popleft()
        self._jobs.put((recipient, job))
