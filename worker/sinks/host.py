"""The optional sinks of a worker: windows, lanes and their threads, wired once."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from app.item import AttributeNames
from app.metrics import PARKED
from app.store.audit import AuditRepository
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.leases import Hold, Lease
from app.store.letters import AUDIT
from worker.gaps import ChainGuard
from worker.order import Tell
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks import redrive
from worker.sinks.audit import AuditSink
from worker.sinks.bounded import HANGS_AFTER, Bounded
from worker.sinks.drain import CLAIM_LIFE, ClaimWatch, Drain
from worker.sinks.drainer import LOOK, LOOK_WHILE_OPEN, LaneDrainer
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.outlet import THREADS, WINDOW, Outlet
from worker.sinks.policy import IN_LANE, IN_WINDOW, Backoff, RetryPolicy
from worker.sinks.sink import Sink
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
        *,
        audit: AuditRepository,
        audit_sink: AuditSink,
        publish: Tell,
        pipeline: Pipeline,
        letters: DeadLetters,
        lanes: Lanes,
        names: AttributeNames,
        retry: Retry,
        stop: threading.Event,
        policy: RetryPolicy,
        pacing: Pacing | None = None,
        due: threading.Event | None = None,
    ) -> None:
        pace = pacing or Pacing()
        self._pipeline = pipeline
        self._lanes = lanes
        self._retry = retry
        self._known = OpenLanes()
        self._stack = ExitStack()
        bounded = {sink.name: Bounded(sink, stop, pace.hangs_after) for sink in sinks}
        if len(bounded) < len(sinks):
            raise ValueError("two sinks have one name")
        for name in bounded:
            PARKED.labels(name)  # 0 from the start: else the first record parked raises no alarm
        self._outlets = [
            Outlet(
                sink,
                bounded[sink.name],
                letters,
                lanes,
                self._known,
                retry,
                stop,
                policy,
                size=pace.window,
                threads=pace.threads,
                backoff=pace.in_window,
            )
            for sink in sinks
        ]
        deliveries = {
            name: redrive.for_sink(deliver, audit, names) for name, deliver in bounded.items()
        }
        deliveries[AUDIT] = redrive.for_audit(
            audit_sink, publish, letters, list(bounded), self._known, names
        )
        drain = Drain(lanes, deliveries, self._known, retry, backoff=pace.in_lane)
        self._drainer = LaneDrainer(
            lanes,
            drain,
            self._known,
            stop,
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
            self._pipeline,
            self._outlets,
            self._lanes,
            self._known,
            self._retry,
            guard,
        )
