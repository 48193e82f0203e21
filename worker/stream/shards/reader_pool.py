"""Each leased shard is read by its own thread."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from app.store.coordination.checkpoints import Checkpoint, ShardKey
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.shard_state import ShardState, WorkerProof
from worker.leasing.leased_threads import LeasedThreads
from worker.stream.shards.lineage import Position
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.shard_iterator import ShardGone

_log = logging.getLogger(__name__)

# Seconds without a response until a reader counts as failing. A quiet stream on AWS is polled every
# 2.5 s, and an answer may take as long.
SILENCE = 5.0

MakeReader = Callable[[Lease, Position], ShardReader]
Took = Callable[[], tuple[float | None, float | None]]  # see `Pipeline.took`


class ReaderPool(LeasedThreads[ShardReader]):
    """The reader threads of one worker."""

    def __init__(
        self,
        leases: Leases,
        stop: threading.Event,
        ended: Callable[[], None],
        make_reader: MakeReader,
        took: Took,
        *,
        one_log: bool,
    ) -> None:
        """`one_log`: see `worker.stream.shards.stream_replacement`."""
        super().__init__("shard", leases, stop, ended)
        self._make_reader, self._took = make_reader, took
        self._one_log = one_log

    def take(
        self,
        shard: ShardKey,
        me: str,
        seen: Checkpoint | None,
        inherited: str | None,
        start: str | None,
    ) -> bool:
        """Take a shard's lease and read the shard; False if another worker took it first.

        `seen`, `inherited`: as `Leases.take`. `start`: as in `Position`.
        """
        taken = self._leases.take(shard, me, seen, inherited)
        if taken is None:
            return False
        lease = Lease(taken.consumer, *shard, me, taken.counter)
        if taken.finished:
            self._leases.release(lease)
            return False
        position = Position(lease.shard_id, taken.sequence_number, start)
        reader = self._make_reader(lease, position)
        self.start(lease, reader, partial(self._read, lease, reader))
        return True

    def _read(self, lease: Lease, reader: ShardReader) -> None:
        try:
            reader.run(self._stop)
        except ShardGone:
            self._give_up(lease, reader)

    def states(self) -> list[ShardState]:
        """The state of each shard read here, for the System page."""
        return [
            ShardState(
                lease.shard_id,
                lease.stream_arn,
                reader.saved,
                finished=False,
                lag=reader.progress.lag,
                last_page=reader.progress.since_page,
                trouble=reader.progress.trouble,
                lag_at_most=reader.progress.lag_at_most,
                arrived=reader.progress.arrived,
                stored=self._took()[0],
                published=self._took()[1],
            )
            for lease, reader in self.all()
        ]

    def proof(self, problem: str | None) -> WorkerProof:
        """What the slowest reader proves; without shards there is nothing to be late for."""
        readers = [reader.progress for _, reader in self.all()]
        return WorkerProof(
            silent=max((reader.silent for reader in readers), default=0.0),
            behind=max((reader.behind for reader in readers), default=0.0),
            answer=max((reader.answer for reader in readers), default=0.0),
            problem=problem or "",
        )

    def problem(self) -> str | None:
        """The problem of a failing reader; None if all are healthy."""
        if (crash := self.crash()) is not None:
            return crash
        for lease, reader in self.all():
            silent = reader.progress.silent
            if silent > SILENCE:
                waits = "the last page is not durable and published yet"
                reason = reader.progress.trouble or (
                    waits if reader.progress.holds else "no response from DynamoDB yet"
                )
                return f"shard {lease.shard_id} has made no progress for {silent:.0f} s: {reason}"
        return None

    def _give_up(self, lease: Lease, reader: ShardReader) -> None:
        _log.error("shard %s vanished before its end was read", lease.shard_id)
        if self._one_log:  # the log continues under another stream's name, with every record
            self._stop.wait(1)
            return
        reader.give_up()
