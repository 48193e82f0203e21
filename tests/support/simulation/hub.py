"""Runs the threads, clocks and waits of the code under test on one real thread, deterministically.

Each thread is a greenlet that runs until it waits or makes a call; the caller of `step` chooses
which one runs next. Time advances only when no task can run: it jumps to the next deadline. A dead
process has no effect: every wait in it raises `Crash`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from greenlet import getcurrent, greenlet

STEPS_TO_DIE = 1000  # at most, for the `finally` blocks of a killed thread


class Crash(BaseException):
    """The process was killed; a BaseException, so that `except Exception` does not catch it."""


@dataclass(eq=False)
class Process:
    """Threads that start and end together, with their host's wall clock."""

    name: str
    skew: Callable[[], float] = float  # error of the wall clock, in seconds
    paused: bool = False
    dead: bool = False
    unhindered_since: float = 0.0  # when it was last resumed, or a call last met a fault
    tasks: list["Task"] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """One thread, and what it waits for."""

    process: Process
    body: greenlet
    ready: Callable[[], bool] | None = None
    deadline: float | None = 0.0

    def can_run(self, now: float) -> bool:
        """Whether its wait is over."""
        if self.deadline is not None and now >= self.deadline:
            return True
        return self.ready is not None and self.ready()


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
        process = Process(name, skew, unhindered_since=self.now)
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
            except BaseException as error:  # noqa: BLE001 - raised at the end of this step
                self.failures.append(error)

        task = Task(process, greenlet(guarded))
        process.tasks.append(task)
        return task

    def step(self, random: Random) -> bool:
        """Run one task until it waits; False if no task can ever run."""
        awake = [process for process in self.processes if not (process.paused or process.dead)]
        for process in self.processes:
            if process.paused:
                process.unhindered_since = math.inf
            elif process.unhindered_since == math.inf:
                process.unhindered_since = self.now
        tasks = [task for process in awake for task in process.tasks]
        able = [task for task in tasks if task.can_run(self.now)]
        if not able:
            deadlines = [task.deadline for task in tasks if task.deadline is not None]
            if not deadlines:
                return False
            self.now = max(self.now, min(deadlines))
            able = [task for task in tasks if task.can_run(self.now)]
        self._run(random.choice(able))
        return True

    def wait(self, ready: Callable[[], bool] | None, seconds: float | None) -> bool:
        """Wait until `ready()` is true (returns True) or the time has passed (False)."""
        task = self.current
        if task is None:  # outside any process, nothing can happen during the wait
            return ready is None or ready()
        if task.process.dead:
            raise Crash
        if getcurrent() is not task.body:
            self.failures.append(AssertionError("a real thread runs in the simulation"))
        task.ready = ready
        task.deadline = None if seconds is None else self.now + max(0.0, seconds)
        getcurrent().parent.switch()
        if task.process.dead:
            raise Crash
        return ready is None or ready()

    def kill(self, process: Process) -> None:
        """Kill a process; if it is running, its current task must raise `Crash`."""
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
        """Kill every process, and ignore failures that this causes."""
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
