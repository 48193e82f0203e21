"""A dead engine is restarted at once; a silent one only if it is not just busy.

The engine handles one call at a time: creating an index over 200,000 items kept it silent for
2.8 s, and writers on a loaded machine for half a minute. So three missed probes make it unhealthy,
but only an idle one is ended early: a restart would discard a busy one's work again and again. A
restart keeps the address. Restarts are repeated for ever, with pauses of at most five seconds,
because the cause (such as a full disk) may pass.
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

Start = Callable[[threading.Event], EngineProcess]  # setting the event ends its wait
_HUNG_GRACE = 1.0  # seconds from SIGTERM to SIGKILL for an engine that hangs

# The pause before a restart, by the number of restarts in a row; the first is immediate.
pause = Backoff(0.25, 5.0, steady)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts, in seconds."""

    interval: float = 0.5
    probe: float = 0.5  # for one probe
    misses: int = 3  # missed probes in a row (a count) until it is unhealthy: about 3 s
    idle_silence: float = 30.0  # until a silent, idle engine (stopped, deadlocked) is replaced
    any_silence: float = 300.0  # until any silent engine is replaced
    stable: float = 30.0  # run time after which earlier restarts no longer count


class Verdict(Enum):
    """The result of one check of the engine."""

    HEALTHY = auto()
    UNSURE = auto()
    UNHEALTHY = auto()
    LOST = auto()  # to be replaced


@dataclass(frozen=True)
class Silence:
    """What is known about the time since the engine last answered."""

    misses: int = 0
    seconds: float = 0.0
    cpu_seconds: float | None = None  # CPU time used since; None: unknown

    @property
    def is_idle(self) -> bool:
        """Whether the engine is known to be idle; probes alone take up to 1% of CPU time."""
        return self.cpu_seconds is not None and self.cpu_seconds < self.seconds * 0.01


def judge(*, alive: bool, silence: Silence, timeouts: Timeouts) -> Verdict:
    """The verdict on an engine after its latest probe."""
    allowed = timeouts.idle_silence if silence.is_idle else timeouts.any_silence
    if not alive or silence.seconds >= allowed:
        return Verdict.LOST
    if silence.misses >= timeouts.misses:
        return Verdict.UNHEALTHY
    return Verdict.UNSURE if silence.misses else Verdict.HEALTHY


class Supervisor:
    """Watches an engine in its own thread, and ends the engine when the block ends."""

    def __init__(
        self, process: EngineProcess, start: Start, timeouts: Timeouts | None = None
    ) -> None:
        self._process, self._start = process, start
        self._timeouts = timeouts or Timeouts()
        self._restarts = 0
        self._since = time.monotonic()
        self._answered()
        self._loop = LoopThread(
            "engine-supervisor", self._turn, failed=self._fail, first=self._timeouts.interval
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
        log.error("supervision of the embedded engine failed; trying again", exc_info=error)

    def _turn(self) -> float:
        alive = self._process.alive()
        if alive and health_probe.answers(self._process.address, self._timeouts.probe):
            self._answered()
        else:
            self._misses += 1
        verdict = judge(alive=alive, silence=self._silence(), timeouts=self._timeouts)
        if verdict is Verdict.HEALTHY:
            self.healthy = True
            if time.monotonic() - self._since > self._timeouts.stable:
                self._restarts = 0
        elif verdict is not Verdict.UNSURE:
            if self.healthy:
                log.warning("the embedded engine (process %d) does not answer", self._process.pid)
            self.healthy = False
        if verdict is Verdict.LOST:
            self._replace()
        return self._timeouts.interval

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
            log.error("could not restart the embedded engine: %s", error)  # noqa: TRY400
            return
        self._since = time.monotonic()
        self._answered()
        self.healthy = True
        log.warning(
            "restarted the embedded engine as process %d; see engine.log for why it stopped",
            self._process.pid,
        )
