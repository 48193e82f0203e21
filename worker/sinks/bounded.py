"""A delivery that does not come back is given up, with its thread; so many threads and no more.

Python cannot end a thread. One that hangs is left to itself and replaced; while as many as
the bound hang, deliveries are refused at once. A thread that comes back late ends, and
counts no more.
"""

import queue
import threading
from dataclasses import dataclass, field

from app.events import ChangeEvent
from worker.retry import Stopped
from worker.sinks.sink import Sink

HANGS_AFTER = 30.0  # seconds
MOST_ABANDONED = 8

_GLANCE = 0.25  # seconds between looks at whether the worker is ending


class DeliveryHung(Exception):
    """The delivery did not come back in time; it may still take effect."""


class SinkStuck(Exception):
    """So many deliveries hang that no more are begun."""


@dataclass(slots=True)
class _Task:
    event: ChangeEvent
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    abandoned: bool = False


class Bounded:
    """A sink whose deliveries return, or raise, within a time. Safe to call from any thread."""

    def __init__(
        self,
        sink: Sink,
        stop: threading.Event,
        seconds: float = HANGS_AFTER,
        most_abandoned: int = MOST_ABANDONED,
    ) -> None:
        self._sink = sink
        self._stop = stop
        self._seconds = seconds
        self._most = most_abandoned
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[_Task | None]] = []
        self.abandoned = 0

    def __call__(self, event: ChangeEvent) -> None:
        """Deliver.

        Raises:
            DeliveryHung: it did not come back.
            SinkStuck: too many hang already; it was not begun.
            Stopped: the worker is ending.
            Exception: whatever the sink raised.

        """
        task = _Task(event)
        with self._lock:
            if self.abandoned >= self._most:
                raise SinkStuck(f"{self.abandoned} deliveries to {self._sink.name} hang")
            inbox = self._idle.pop() if self._idle else self._started()
        inbox.put(task)
        self._wait(task)
        if task.error is not None:
            raise task.error

    def close(self) -> None:
        """Let the idle threads end."""
        with self._lock:
            for inbox in self._idle:
                inbox.put(None)
            self._idle.clear()

    def _wait(self, task: _Task) -> None:
        left = self._seconds
        while left > 0 and not self._stop.is_set():
            if task.done.wait(min(left, _GLANCE)):
                return
            left -= _GLANCE
        with self._lock:
            if task.done.is_set():
                return
            task.abandoned = True
            self.abandoned += 1
        if self._stop.is_set():
            raise Stopped
        raise DeliveryHung(f"{self._sink.name} has not answered for {self._seconds:g} s")

    def _started(self) -> "queue.SimpleQueue[_Task | None]":
        inbox: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        name = f"delivery-{self._sink.name}"
        threading.Thread(target=self._run, args=(inbox,), name=name, daemon=True).start()
        return inbox

    def _run(self, inbox: "queue.SimpleQueue[_Task | None]") -> None:
        while (task := inbox.get()) is not None:
            try:
                self._sink.deliver(task.event)
            except BaseException as error:  # noqa: BLE001 - the caller's to judge, whatever it is
                task.error = error
            with self._lock:
                task.done.set()
                if task.abandoned:
                    self.abandoned -= 1
                    return
                self._idle.append(inbox)
