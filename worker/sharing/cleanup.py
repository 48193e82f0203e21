"""Rows that are no longer needed are removed, so that the checkpoints table stays small."""

import time
from collections.abc import Callable

from app.store.coordination.checkpoints import Rows, ShardKey, table_of
from app.store.coordination.leases import Leases
from app.store.coordination.stream_starts import StreamStarts
from worker.stream.shards.discovery import StreamSnapshot
from worker.stream.shards.lineage import removable_checkpoints
from worker.stream.shards.stream_replacement import outdated_checkpoints

FORGET_AFTER = 600.0  # seconds that a shard must be missing from the listing


class RowCleanup:
    """Removes old rows; remembers since when shards are missing."""

    def __init__(
        self,
        leases: Leases,
        stream_starts: StreamStarts,
        *,
        one_log: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`one_log`: a new stream ARN continues the same log, as on the embedded engine."""
        self._leases = leases
        self._stream_starts = stream_starts
        self._one_log = one_log
        self._monotonic = monotonic
        self._missing: dict[ShardKey, float] = {}

    def __call__(self, rows: Rows, stream_arn: str, snapshot: StreamSnapshot) -> None:
        """Remove the rows of older streams, and of shards that no longer exist."""
        old = outdated_checkpoints(
            rows.checkpoints, stream_arn, snapshot.drained, one_log=self._one_log
        )
        own = [checkpoint for (arn, _), checkpoint in rows.checkpoints.items() if arn == stream_arn]
        gone = {
            (stream_arn, checkpoint.shard_id): checkpoint
            for checkpoint in removable_checkpoints(snapshot.listing, own)
        }
        now = self._monotonic()
        self._missing = {shard: self._missing.get(shard, now) for shard in gone}
        long_gone = [
            gone[shard] for shard, since in self._missing.items() if now - since > FORGET_AFTER
        ]
        for checkpoint in [*old, *long_gone]:
            self._leases.forget(checkpoint)
        with_checkpoints = {arn for arn, _ in rows.checkpoints} | {stream_arn}
        for arn in rows.stream_starts:
            if arn not in with_checkpoints and table_of(arn) == table_of(stream_arn):
                self._stream_starts.forget(arn)
