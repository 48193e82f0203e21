"""A dead engine is restarted at once, a silent one only when it is not merely busy.

The engine works on one call at a time: an index made over 200,000 items kept it silent for 2.8 s,
writers on a machine under load for half a minute. So three missed probes make it unhealthy, but
only one that also rests is ended: a restart would undo its work, again and again. A restart keeps
the address, and repeats for ever with pauses of at most five seconds, because the cause (a full
disk) may pass.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from app.runtime.backoff import Backoff, steady
from app.runtime.loop_thread import LoopThread
from app.store.engine import health_probe
from app.store.engine.errors import EngineError
from app.store.engine.process import EngineProcess

log = logging.getLogger(__name__)

Start = Callable[[threading.Event], EngineProcess]  # the event cuts its waiting short
_HUNG_GRACE = 1.0  # seconds from SIGTERM to SIGKILL of an engine that was silent for so long

# Before a restart, by how many there were in a row; the first is at once.
pause = Backoff(0.25, 5.0, steady)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts, in seconds."""

    interval: float = 0.5
    answer: float = 0.5  # for one probe
    unwell: int = 3  # missed probes in a row: known 3 s after the last answer
    hung: float = 30.0  # silence of an engine that rests (stopped, deadlocked)
    silent: float = 300.0  # silence of any engine
    steady: float = 30.0  # a life this long forgives the restarts before it


class Verdict(Enum):
    """What one look at the engine comes to."""

    WELL = auto()
    UNSURE = auto()
    UNWELL = auto()
    LOST = auto()  # to be replaced


@dataclass(frozen=True)
class Silence:
    """What is known since the engine last answered."""

    misses: int = 0
    seconds: float = 0.0
    cpu_seconds: float | None = None  # used meanwhile; None: cannot be told

    @property
    def rests(self) -> bool:
        """Whether the engine is known to do nothing: a hundredth is what refusing probes takes."""
        return self.cpu_seconds is not None and self.cpu_seconds < self.seconds * 0.01


def judge(*, alive: bool, silence: Silence, patience: Timeouts) -> Verdict:
    """The verdict on an engine after its latest probe."""
    borne = patience.hung if silence.rests else patience.silent
    if not alive or silence.seconds >= borne:
        return Verdict.LOST
    if silence.misses >= patience.unwell:
        return Verdict.UNHEALTHY
    return Verdict.UNSURE if silence.misses else Verdict.HEALTHY


class Supervisor:
    """Watches an engine from a thread of its own, and ends the engine when the block ends."""

    def __init__(
        self, process: EngineProcess, start: Start, patience: Timeouts | None = None
    ) -> None:
        self._process, self._start = process, start
        self._patience = patience or Timeouts()
        self._restarts = 0
        self._since = time.monotonic()
        self._answered()
        self._loop = LoopThread(
            "engine-supervisor", self._turn, failed=self._fail, first=self._patience.interval
        )
        self.healthy = True

    def __enter__(self) -> Self:
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()
        self.healthy = False
        self._process.end()

    def _fail(self, error: BaseException) -> None:
        self.healthy = False
        log.error("supervising the embedded engine failed; trying again", exc_info=error)

    def _turn(self) -> float:
        alive = self._process.alive()
        if alive and health_probe.answers(self._process.address, self._patience.answer):
            self._answered()
        else:
            self._misses += 1
        verdict = judge(alive=alive, silence=self._silence(), timeouts=self._patience)
        if verdict is Verdict.HEALTHY:
            self.healthy = True
            if time.monotonic() - self._since > self._patience.steady:
                self._restarts = 0
        elif verdict is not Verdict.UNSURE:
            if self.healthy:
                log.warning("the embedded engine (process %d) does not answer", self._process.pid)
            self.healthy = False
        if verdict is Verdict.LOST:
            self._replace()
        return self._patience.interval

    def _answered(self) -> None:
        self._misses = 0
        self._answer_at = time.monotonic()
        self._answer_cpu = self._process.cpu_seconds()

    def _silence(self) -> Silence:
        if not self._misses:
            return Silence()
        now, before = self._process.cpu_seconds(), self._answer_cpu
        used = None if now is None or before is None else now - before
        return Silence(self._misses, time.monotonic() - self._answer_at, used)

    def _replace(self) -> None:
        if self._loop.stop.wait(pause(self._restarts)):
            return
        self._restarts += 1
        self._process.end(_HUNG_GRACE)
        try:
            self._process = self._start(self._loop.stop)
        except (EngineError, OSError) as error:
            log.error("the embedded engine cannot be restarted: %s", error)  # noqa: TRY400
            return
        self._since = time.monotonic()
        self._answered()
        self.healthy = True
        log.warning(
            "the embedded engine was restarted as process %d; its last moments are in engine.log",
            self._process.pid,
        )
