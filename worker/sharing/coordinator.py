"""One thread watches the stream and the other workers, and takes or releases shards.

It runs on timers, and at once when a reader ends. A turn that fails leaves the running readers
alone: they keep their leases until another worker takes them.
"""

import threading
import time
from collections.abc import Callable, Collection

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff, steady
from app.runtime.loop_thread import LoopThread
from app.runtime.wake import Wake
from app.store.coordination.checkpoints import Checkpoint, Checkpoints, Rows, ShardKey
from app.store.coordination.reconcile_requests import State
from app.store.coordination.shard_state import ShardState, WorkerProof, reported
from app.store.coordination.stream_starts import StreamStarts
from worker.consumers.sink_sharing import SinkSharing
from worker.leasing.assignment import first_rival
from worker.sharing.cleanup import RowCleanup
from worker.sharing.membership import Membership
from worker.stream.shards.discovery import Discovery, StreamSnapshot
from worker.stream.shards.lineage import awaits_child, parents_gone, readable
from worker.stream.shards.reader_pool import ReaderPool
from worker.stream.shards.stream_replacement import positions

RELIST_EVERY = 60.0  # seconds between listings of the shards while no shard ends
SOONEST, LONGEST_PAUSE = 0.05, 2.0  # seconds between listings while a child or a stream is awaited
JOIN = 10.0  # seconds to wait for the threads at a stop


class Coordinator:
    """Runs this worker's share of one table's stream; a context manager that ends it.

    Entering raises `OwnerRefused` if another worker must be the only reader. The public methods
    never block.
    """

    def __init__(
        self,
        membership: Membership,
        discovery: Discovery,
        checkpoints: Checkpoints,
        stream_starts: StreamStarts,
        readers: ReaderPool,
        consumers: SinkSharing,
        cleanup: RowCleanup,
        wake: Wake,
        stop: threading.Event,
        *,
        report_new_stream: Callable[[str], None] = lambda _arn: None,
        notice_comparison: Callable[[State], None] = lambda _state: None,
        one_log: bool = False,
    ) -> None:
        """`consumers`: sinks that are shared among the workers as well.

        `notice_comparison` gets the request for a comparison, whenever the rows are read.
        """
        self._membership = membership
        self._discovery = discovery
        self._checkpoints = checkpoints
        self._stream_starts = stream_starts
        self._readers = readers
        self._wake = wake
        self._stop = stop
        self._report_new_stream = report_new_stream
        self._notice_comparison = notice_comparison
        self._one_log = one_log
        self._consumers = consumers
        self._cleanup = cleanup
        self._loop = LoopThread(
            "stream-coordinator", self._turn, failed=self._note_failure, stop=stop
        )
        self._check_now = False  # by `check_soon`
        self._trouble = ""
        self._snapshot = StreamSnapshot(None)
        self._finished: set[ShardKey] = set()
        self._lists_since_change = 0  # listings since a shard ended: ever less frequent
        self._next_listing = 0.0  # by the monotonic clock
        self._reported: set[str] = set()
        membership.status = lambda: reported(self.shards())

    def __enter__(self) -> "Coordinator":
        self._membership.__enter__()
        self._loop.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._wake.close()
        deadline = time.monotonic() + JOIN
        self._loop.__exit__()
        self._readers.join(deadline)
        self._consumers.leave_all()
        self._consumers.join(deadline)
        self._membership.__exit__()

    @property
    def owner(self) -> str:
        """This worker's name."""
        return self._membership.owner

    def term(self) -> int | None:
        """See `Membership`."""
        return self._membership.term()

    def check_soon(self) -> None:
        """Read all rows at once: a reader ended, or an administrator changed something."""
        self._check_now = True
        self._loop.wake()

    def problem(self) -> str | None:
        """The problem with reading the stream; None if there is none."""
        if not self._loop.is_alive():
            return "the stream coordinator's thread is dead"
        return self._readers.problem() or self._trouble or None

    def proof(self) -> WorkerProof:
        """What shows that this worker reads the stream."""
        return self._readers.proof(self.problem())

    def shards(self) -> list[ShardState]:
        """The shards that this worker reads."""
        return self._readers.states()

    def sink_troubles(self) -> dict[str, str]:
        """The errors of the sinks that run here, by name."""
        return self._consumers.troubles()

    def _note_failure(self, error: BaseException) -> None:
        if isinstance(error, StoreUnavailable):
            self._trouble = error.detail
        else:
            self._readers.note_crash("the stream coordinator's thread crashed", error)

    def _turn(self) -> float:
        """Read the rows, list the shards if due, and act; returns the seconds to the next turn."""
        check_now, self._check_now = self._check_now, False
        rows = self._checkpoints.rows()
        self._notice_comparison(rows.comparison)
        alive = self._membership.observe(rows.workers)
        finished = {shard for shard, found in rows.checkpoints.items() if found.finished}
        if check_now or finished != self._finished:
            self._lists_since_change, self._next_listing, self._finished = 0, 0.0, finished
        now = time.monotonic()
        if now >= self._next_listing:
            self._snapshot = self._discovery.discover(rows.checkpoints, rows.stream_starts)
            self._next_listing = now + self._until_next_listing(rows)
        trouble = self._act(rows, alive)
        self._trouble = trouble or self._snapshot.trouble
        wait = self._membership.until_next_read()
        return max(0.0, min(wait, self._next_listing - time.monotonic()))

    def _until_next_listing(self, rows: Rows) -> float:
        """List often while a child shard or a disabled stream is awaited, else seldom."""
        snapshot, wait = self._snapshot, LONGEST_PAUSE
        if snapshot.stream_arn is not None and snapshot.listing.complete and not snapshot.trouble:
            known = self._known(rows, snapshot.stream_arn)
            if readable(snapshot.listing, known):
                if not awaits_child(snapshot.listing, known):
                    return RELIST_EVERY
                wait = RELIST_EVERY
        self._lists_since_change += 1
        return Backoff(SOONEST, wait, steady)(self._lists_since_change)

    def _known(self, rows: Rows, stream_arn: str) -> dict[str, Checkpoint]:
        return positions(rows.checkpoints, stream_arn, one_log=self._one_log)

    def _act(self, rows: Rows, alive: set[str]) -> str:
        """Take and release shards, and remove old rows; returns the current problem, if any."""
        stream_arn = self._snapshot.stream_arn
        held = self._readers.held()
        self._leave_lost(rows)
        rivals = self._membership.rivals(rows.workers, alive)
        owners = {row.owner for row in rows.checkpoints.values() if row.owner and not row.finished}
        first = first_rival(self.owner, rivals, owners)
        if first is not None:
            self._readers.leave_all()
            self._consumers.leave_all()
            return (
                f"worker {first} also reads the stream. Without STOCKPULSE_BROKER_URL only one "
                "worker can: stop one of the two"
            )
        starting = {owner for owner, row in rows.workers.items() if not row.ready}
        sharing = alive - starting - {rival.owner for rival in rivals}
        self._consumers.share(self.owner, rows.sinks, sharing)
        if stream_arn is None:
            return ""
        if self._snapshot.is_new and stream_arn not in self._reported:
            self._report_new_stream(stream_arn)
            self._reported.add(stream_arn)
        if not self._is_begun(rows, stream_arn):
            self._next_listing = 0.0
            return ""
        self._share(rows, stream_arn, held, sharing)
        self._cleanup(rows, stream_arn, self._snapshot)
        return ""

    def _is_begun(self, rows: Rows, stream_arn: str) -> bool:
        """Save which parents were gone when reading began; False if another worker just did."""
        listing = self._snapshot.listing
        if stream_arn in rows.stream_starts or not listing.complete:
            return True
        gone = parents_gone(listing, self._known(rows, stream_arn))
        return self._stream_starts.note(stream_arn, gone)

    def _leave_lost(self, rows: Rows) -> None:
        """End readers whose shard belongs to another worker, or (one log) whose stream is old."""
        read_now = {
            shard: row
            for shard, row in rows.checkpoints.items()
            if not self._one_log or shard[0] == self._snapshot.stream_arn
        }
        self._readers.leave_lost(read_now)

    def _share(
        self, rows: Rows, stream_arn: str, held: Collection[ShardKey], alive: set[str]
    ) -> None:
        if self._one_log and any(arn != stream_arn for arn, _ in held):
            return  # this worker's reader under the old stream name must end first
        known = self._known(rows, stream_arn)
        starts = {
            (stream_arn, position.shard_id): position.start
            for position in readable(self._snapshot.listing, known)
        }
        work = {shard: known.get(shard[1]) for shard in starts}

        def take(shard: ShardKey) -> bool:
            row = work[shard]
            inherited = None if row is None else row.sequence_number
            seen = rows.checkpoints.get(shard)
            return self._readers.take(shard, self.owner, seen, inherited, starts[shard])

        self._readers.spread(self.owner, alive, work, rows.checkpoints, take)
