"""The optional sinks of a worker: windows, lanes and their threads, wired once."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from app.metrics import PARKED
from app.store.leases import Hold, Lease
from worker.gaps import ChainGuard
from worker.sinks.bounded import HANGS_AFTER
from worker.sinks.drain import CLAIM_LIFE, ClaimWatch
from worker.sinks.drainer import LOOK, LOOK_WHILE_OPEN, LaneDrainer
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.outlet import THREADS, WINDOW, Outlet
from worker.sinks.policy import IN_LANE, IN_WINDOW, Backoff, RetryPolicy
from worker.sinks.sink import Sink
from worker.wiring import Wiring
from worker.work import ShardWork


@dataclass(frozen=True, slots=True)
class Pacing:
    """Times and sizes of the optional sinks, in seconds and records; tests make them short."""

    window: int = WINDOW
    threads: int = THREADS
    hangs_after: float = HANGS_AFTER
    in_window: Backoff = IN_WINDOW
    in_lane: Backoff = IN_LANE
    look: float = LOOK
    look_while_open: float = LOOK_WHILE_OPEN
    claim_life: float = CLAIM_LIFE


class OptionalSinks:
    """Windows and lanes of a worker's sinks; a context manager over their threads."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        wiring: Wiring,
        *,
        policy: RetryPolicy,
        pacing: Pacing | None = None,
        due: threading.Event | None = None,
    ) -> None:
        pace = pacing or Pacing()
        self._wiring = wiring
        self._known = OpenLanes()
        self._stack = ExitStack()
        bounded = wiring.bounded(sinks, pace.hangs_after)
        for name in bounded:
            PARKED.labels(name)  # 0 from the start: else the first record parked raises no alarm
        self._outlets = [
            Outlet(
                sink,
                bounded[sink.name],
                wiring.letters,
                wiring.lanes,
                self._known,
                wiring.retry,
                wiring.stop,
                policy,
                size=pace.window,
                threads=pace.threads,
                backoff=pace.in_window,
            )
            for sink in sinks
        ]
        self._drainer = LaneDrainer(
            wiring.lanes,
            wiring.drain(bounded, self._known, pace.in_lane),
            self._known,
            wiring.stop,
            look=pace.look,
            look_while_open=pace.look_while_open,
            watch=ClaimWatch(pace.claim_life),
            hint=due,
        )

    def __enter__(self) -> "OptionalSinks":
        for outlet in self._outlets:
            self._stack.enter_context(outlet)
        self._stack.enter_context(self._drainer)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def make_work(self, lease: Lease, hold: Hold, guard: ChainGuard | None = None) -> ShardWork:
        """The work of a shard that was just taken."""
        return ShardWork(
            lease.stream_arn,
            hold,
            self._wiring.pipeline,
            self._outlets,
            self._wiring.lanes,
            self._known,
            self._wiring.retry,
            guard,
        )
