"""The worker reconciles on request: at a deployment's first start, after a gap, or by an admin.

It never runs on a timer: each comparison reads both tables completely, and what it could find shows
up as a gap first. One worker compares; the others see its heartbeat and wait.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.runtime.loop_thread import LoopThread
from app.runtime.retry import Stopped
from app.runtime.stall import Sighting, observe
from app.store.coordination.reconcile_requests import Outcome, ReconcileRequests, State
from app.store.coordination.shard_state import ShardState
from app.store.coordination.workers import WorkerRow
from app.store.dynamodb.table_names import TableError
from worker.reconcile.comparison import Comparison
from worker.reconcile.decision import is_caught_up
from worker.sharing.membership import Member

_log = logging.getLogger(__name__)

AGAIN_AFTER = 600.0  # seconds until remaining differences are compared again
FRESH = 2.0  # seconds that `Readings` reuses a result: it is requested before each entry

# Creates a comparison for a stream's table, as the row of the requests says.
Compare = Callable[[str, State], Comparison]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds between reads of the row, between heartbeats, and until a silent owner is dead.

    While no comparison is requested, the row is read only with the other rows (`notice`). `log`:
    seconds between log lines that show the progress.
    """

    poll: float = 20.0
    beat: float = 3.0
    dead: float = 15.0
    log: float = 10.0


class Reconciler:
    """A thread of the worker; a context manager that ends it."""

    def __init__(
        self,
        requests: ReconcileRequests,
        find_stream: Callable[[], str],
        compare: Compare,
        stop: threading.Event,
        timing: Timing | None = None,
    ) -> None:
        self._requests = requests
        self._find_stream = find_stream
        self._compare = compare
        self._timing = timing or Timing()
        self._owner = uuid.uuid4().hex[:8]
        self._asked = False
        self._stream: str | None = None  # the stream that was checked against the row
        self._seen: Sighting | None = None  # the heartbeat of the worker that compares
        self._again_at: float | None = None
        poll = self._timing.poll
        self._loop = LoopThread(
            "reconciler",
            self._turn,
            expected=(StoreUnavailable, TableError),
            backoff=Backoff(poll, poll),
            stop=stop,
        )

    def __enter__(self) -> "Reconciler":
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.__exit__()

    def ask(self, why: str) -> None:
        """Request a comparison; gaps that occur before it starts share one request.

        Raises:
            StoreUnavailable: the request may not have been stored; call again.

        """
        if not self._asked:
            self._requests.ask(why, _now())
            self._asked = True
            self._loop.wake()

    def notice(self, state: State) -> None:
        """Report that the row was read with the others."""
        if state.is_due:
            self._loop.wake()

    def _turn(self) -> float | None:
        """Read the row once, and run a comparison if it requests one."""
        stream = self._stream or self._find_stream()
        state = self._requests.state()
        if self._stream is None:
            if state.stream != stream and not state.is_due:
                self._requests.ask("first start" if state.is_first else "a new stream", _now())
                state = self._requests.state()
            self._stream = stream
        if self._again_at is not None and time.monotonic() > self._again_at:
            self._again_at = None
            self._requests.ask("differences were left", _now())
            state = self._requests.state()
        if (
            state.is_due
            and self._is_free(state)
            and self._requests.claim(state.heartbeat, self._owner)
        ):
            self._reconcile(state)
        if state.is_due:
            return self._timing.poll
        return None if self._again_at is None else max(0.0, self._again_at - time.monotonic())

    def _is_free(self, state: State) -> bool:
        """Whether no live worker is comparing."""
        if not state.busy:
            return True
        now = time.monotonic()
        self._seen = observe(self._seen, state.heartbeat, now)
        return self._seen.still_for(now) > self._timing.dead

    def _reconcile(self, state: State) -> None:
        self._asked = False  # a later request may concern what this comparison has already passed
        stream = self._find_stream()
        _log.info("comparing the table with the audit: %s", state.why)
        try:
            outcome = self._run_with_heartbeat(self._compare(stream, state))
        except (Stopped, StoreUnavailable):
            self._requests.release()
            raise
        except Exception as error:  # noqa: BLE001 - otherwise it would be retried for ever
            _log.exception("a comparison failed")
            outcome = Outcome(
                error=f"it failed unexpectedly ({type(error).__name__}): see the worker's log"
            )
        self._requests.finish(state.requested, outcome, stream, _now())
        if outcome.left or outcome.error:
            self._again_at = time.monotonic() + AGAIN_AFTER
        level = logging.INFO if outcome.equal else logging.WARNING
        _log.log(
            level,
            "compared %d products with the audit: %d differed, %d entries written, %d left%s",
            outcome.compared,
            outcome.found,
            outcome.written,
            outcome.left,
            f" ({outcome.error})" if outcome.error else "",
        )

    def _run_with_heartbeat(self, comparison: Comparison) -> Outcome:
        with ThreadPoolExecutor(1, "reconcile") as threads:
            running = threads.submit(comparison.run)
            said = time.monotonic()
            while True:
                try:
                    return running.result(self._timing.beat)
                except StillRunning:
                    if running.done():  # raised by the comparison itself
                        raise
                    self._report_progress(comparison.progress)
                    if time.monotonic() - said >= self._timing.log:
                        said = time.monotonic()
                        _log.info("comparing the table with the audit: %s", comparison.progress)

    def _report_progress(self, progress: str) -> None:
        try:
            self._requests.raise_heartbeat(progress)
        except StoreUnavailable as error:
            _log.warning("cannot report the progress of the comparison: %s", error)


class Readings:
    """Whether all shards are caught up, whichever worker reads them.

    A worker with an in-process broker is the only one.
    """

    def __init__(
        self,
        member: Member,
        own: Callable[[], Sequence[ShardState]],
        workers: Callable[[], Iterable[WorkerRow]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._member = member
        self._own = own
        self._workers = workers
        self._monotonic = monotonic
        self._known = (False, -FRESH)

    def caught_up(self) -> bool:
        """Whether every record older than a few seconds has been read.

        Raises:
            StoreUnavailable: the other workers' rows cannot be read now.

        """
        answer, at = self._known
        if self._monotonic() - at >= FRESH:
            answer = is_caught_up([*self._own(), *self._others()])
            self._known = (answer, self._monotonic())
        return answer

    def _others(self) -> list[ShardState]:
        if self._member.broker == "in-process":
            return []
        rows = (row for row in self._workers() if row.owner != self._member.owner)
        return [state for row in rows for state in row.shards]


def _now() -> datetime:
    return datetime.now(UTC)
