"""Each lease has its own thread, which releases the lease when it ends.

A thread that crashes releases it, too, and the next turn takes the lease again.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Generic, Protocol, TypeVar

from app.core.errors import StoreUnavailable
from app.observability.logs import about
from app.runtime.retry import Stopped
from app.store.coordination.checkpoints import ShardKey
from app.store.coordination.leases import Held, Lease, LeaseLost, Leases
from worker.leasing.assignment import share

_log = logging.getLogger(__name__)

AFTER_CRASH = 1.0  # seconds before a crashed thread's lease is released: prevents a tight loop
CRASH_SHOWN = 5.0  # seconds that a crash is reported, although the thread was restarted


class Job(Protocol):
    """The work under a lease."""

    def leave(self) -> None:
        """Ask the job to end soon."""


J = TypeVar("J", bound=Job)


class LeasedThreads(Generic[J]):
    """The threads of one worker that work under leases of one kind."""

    def __init__(
        self,
        kind: str,
        leases: Leases,
        stop: threading.Event,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`kind`: `shard` or `sink`, for logs. `ended` is called when a thread has ended."""
        self._kind = kind
        self._leases = leases
        self._stop = stop
        self._ended = ended
        self._running: dict[ShardKey, tuple[Lease, J, threading.Thread]] = {}
        self._crashed = (-CRASH_SHOWN, "")  # when, by the monotonic clock, and what

    def start(self, lease: Lease, job: J, run: Callable[[], None]) -> None:
        """Run until `run` returns or raises LeaseLost or Stopped."""
        thread = threading.Thread(
            target=self._run,
            args=(lease, run),
            name=f"{self._kind}-{lease.shard_id}",
            daemon=True,
        )
        self._running[lease.shard] = (lease, job, thread)
        thread.start()

    def all(self) -> list[tuple[Lease, J]]:
        """The running jobs and their leases."""
        return [(lease, job) for lease, job, _ in list(self._running.values())]

    def held(self) -> dict[ShardKey, Lease]:
        """The leases of the running jobs."""
        return {lease.shard: lease for lease, _ in self.all()}

    def leave(self, shard: ShardKey) -> None:
        """Ask a job to end after its current step."""
        if (running := self._running.get(shard)) is not None:
            running[1].leave()

    def leave_all(self) -> None:
        """Ask every job to end after its current step."""
        for shard in self.held():
            self.leave(shard)

    def leave_lost(self, rows: Mapping[ShardKey, Held]) -> None:
        """End the jobs whose lease belongs to another worker: an idle job would not notice."""
        for shard, lease in self.held().items():
            row = rows.get(shard)
            if row is None or (row.owner, row.counter) != (lease.owner, lease.counter):
                self.leave(shard)

    def spread(
        self,
        me: str,
        alive: Collection[str],
        work: Mapping[ShardKey, Held | None],
        rows: Mapping[ShardKey, Held],
        take: Callable[[ShardKey], bool],
    ) -> None:
        """Take and release work so that it is spread evenly over the live workers.

        `work`: all of it, each with the row that shows its owner; `rows`: the leased rows as they
        were read. `take` returns False if another worker took the lease first.
        """
        held = self.held()
        plan = share(
            me,
            {
                shard: me if shard in held else None if not row or row.owner == me else row.owner
                for shard, row in work.items()
            },
            alive,
        )
        for shard in plan.release:
            self.leave(shard)
        wanted = plan.wanted
        for shard in plan.free:
            row = rows.get(shard)
            if wanted and not self._stop.is_set():
                wanted -= take(shard)
            elif row is not None and row.owner == me:
                # No thread works under this lease: the call that released it failed, or the
                # response to the call that took it was lost. Other workers see its owner alive, so
                # nobody would take it while this worker has its share.
                self._release(Lease(self._leases.consumer, *shard, me, row.counter))

    def join(self, deadline: float) -> None:
        """Wait for all threads until a time of the monotonic clock."""
        for _, _, thread in list(self._running.values()):
            thread.join(max(0.0, deadline - time.monotonic()))

    def crash(self) -> str | None:
        """The crash of the last seconds, if any."""
        at, what = self._crashed
        return what if time.monotonic() - at < CRASH_SHOWN else None

    def note_crash(self, what: str, error: BaseException) -> None:
        """Report a thread that crashed and will be restarted."""
        _log.error("%s; it is restarted", what, exc_info=error)
        self._crashed = (time.monotonic(), f"{what} ({type(error).__name__})")

    def _run(self, lease: Lease, run: Callable[[], None]) -> None:
        try:
            with about(**{self._kind: lease.shard_id}):
                run()
        except LeaseLost:
            _log.warning("%s %s now belongs to another worker", self._kind, lease.shard_id)
        except Stopped:
            self._release(lease)
        except BaseException as error:  # noqa: BLE001 - the work must continue after any error
            self.note_crash(f"the thread of {self._kind} {lease.shard_id} crashed", error)
            self._stop.wait(AFTER_CRASH)
            self._release(lease)
        else:
            self._release(lease)
        finally:
            # A thread that was frozen on Lambda may end after its sink was taken again.
            if self._running[lease.shard][0] == lease:
                del self._running[lease.shard]
            self._ended()

    def _release(self, lease: Lease) -> None:
        try:
            self._leases.release(lease)
        except LeaseLost:
            pass
        except StoreUnavailable as error:
            _log.warning("could not release %s %s: %s", self._kind, lease.shard_id, error)
