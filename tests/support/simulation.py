"""Threads, clocks and waits of the code under test, all on one real thread and in one fixed order.

Each thread is a greenlet that runs until it waits or makes a call; who goes on is the
caller's choice. Time stands still unless nobody can run: then it jumps to the next deadline.
What a process does after its death takes no effect: every wait in it raises `Crash`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

STEPS_TO_DIE = 1000  # that a dead thread's `finally` blocks may take


class Crash(BaseException):
    """The process was killed: no `except Exception` may outlive it."""


@dataclass(eq=False)
class Process:
    """Threads that live and die together, and a host's wall clock."""

    name: str
    skew: Callable[[], float] = float  # seconds by which the wall clock is off
    paused: bool = False
    dead: bool = False
    tasks: list["Task"] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """One thread, and what it waits for."""

    process: Process
    body: greenlet
    ready: Callable[[], bool] | None = None
    deadline: float | None = 0.0

    def can_run(self, now: float) -> bool:
        if self.process.dead or self.process.paused:
            return False
        due = self.deadline is not None and now >= self.deadline
        return due or (self.ready is not None and self.ready())


class Hub:
    """Runs tasks one at a time."""

    def __init__(self, start: float) -> None:
        """`start`: seconds since 1970 when the simulation begins."""
        self.start = start
        self.now = 0.0
        self.processes: list[Process] = []
        self.current: Task | None = None
        self.failures: list[BaseException] = []

    def process(self, name: str, skew: Callable[[], float], body: Callable[[], None]) -> Process:
        """A new process with one thread."""
        process = Process(name, skew)
        self.processes.append(process)
        self.spawn(process, body)
        return process

    def spawn(self, process: Process, body: Callable[[], None]) -> Task:
        """A new thread of a process."""

        def guarded() -> None:
            try:
                body()
            except Crash:
                pass
            except BaseException as error:  # noqa: BLE001 - told at the end of this step
                self.failures.append(error)

        task = Task(process, greenlet(guarded))
        process.tasks.append(task)
        return task

    def step(self, random: Random) -> bool:
        """Let one task go on until it waits; False where nobody ever will."""
        tasks = [task for process in self.processes for task in process.tasks]
        able = [task for task in tasks if task.can_run(self.now)]
        if not able:
            deadlines = [
                task.deadline
                for task in tasks
                if task.deadline is not None and not (task.process.paused or task.process.dead)
            ]
            if not deadlines:
                return False
            self.now = max(self.now, min(deadlines))
            able = [task for task in tasks if task.can_run(self.now)]
        self._run(random.choice(able))
        return True

    def wait(self, ready: Callable[[], bool] | None, seconds: float | None) -> bool:
        """Give way; back once it is ready (True) or the time has passed (False)."""
        task = self.current
        if task is None:  # outside of any process: nothing can happen while it waits
            return ready is None or ready()
        if task.process.dead:
            raise Crash
        task.ready = ready
        task.deadline = None if seconds is None else self.now + max(0.0, seconds)
        getcurrent().parent.switch()
        if task.process.dead:
            raise Crash
        return ready is None or ready()

    def kill(self, process: Process) -> None:
        """End a process at once, whatever it is doing; its current task must raise `Crash`."""
        if process.dead:
            return
        process.dead = True
        for task in process.tasks:
            for _ in range(STEPS_TO_DIE):
                if task is self.current or task.body.dead:
                    break
                self._run(task, Crash())
        process.tasks.clear()
        self.processes.remove(process)

    def close(self) -> None:
        """End everything; what fails now fails for that reason alone."""
        self.failures = []
        for process in list(self.processes):
            self.kill(process)
            self.failures = []

    def _run(self, task: Task, throw: BaseException | None = None) -> None:
        before, self.current = self.current, task
        task.body.parent = getcurrent()
        try:
            if throw is None:
                task.body.switch()
            else:
                task.body.throw(throw)
        except Crash:
            pass
        finally:
            self.current = before
        if task.body.dead and task in task.process.tasks and not task.process.dead:
            task.process.tasks.remove(task)
        if self.failures and before is None and not task.process.dead:
            raise self.failures[0]


class SimLock:
    """`threading.Lock`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        if self._held and (not blocking or not self._hub.wait(
            lambda: not self._held, None if timeout < 0 else timeout
        )):  # fmt: skip
            return False
        self._held = True
        return True

    def release(self) -> None:
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()


class SimCondition(SimLock):
    """`threading.Condition`."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._told = 0

    def wait(self, timeout: float | None = None) -> bool:
        told = self._told
        return self.wait_for(lambda: self._told != told, timeout)

    def wait_for(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        if ready():
            return True
        self.release()
        came = self._hub.wait(lambda: not self._held and ready(), timeout)
        if self._held:
            self._hub.wait(lambda: not self._held, None)
        self._held = True
        return came or ready()

    def notify(self, _n: int = 1) -> None:
        self._told += 1

    notify_all = notify


class SimEvent:
    """`threading.Event`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._set = False

    def is_set(self) -> bool:
        if self._hub.current is not None and self._hub.current.process.dead:
            raise Crash
        return self._set

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._set or self._hub.wait(lambda: self._set, timeout)


class SimThread:
    """`threading.Thread`, of the process that makes it."""

    def __init__(
        self,
        hub: Hub,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        self._hub = hub
        self._call = lambda: target(*args, **(kwargs or {}))
        self._task: Task | None = None

    def start(self) -> None:
        assert self._hub.current is not None
        self._task = self._hub.spawn(self._hub.current.process, self._call)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.body.dead

    def join(self, timeout: float | None = None) -> None:
        self._hub.wait(lambda: not self.is_alive(), timeout)


class SimQueue:
    """`queue.SimpleQueue`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._items: list[Any] = []

    def put(self, item: Any) -> None:
        self._items.append(item)

    def get(self) -> Any:
        while not self._items:
            self._hub.wait(lambda: bool(self._items), None)
        return self._items.pop(0)
