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
        beginnings: StreamStarts,
        *,
        one_log: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`one_log`: see `worker.stream.shards.stream_replacement`."""
        self._leases = leases
        self._beginnings = beginnings
        self._one_log = one_log
        self._monotonic = monotonic
        self._missing: dict[ShardKey, float] = {}

    def __call__(self, rows: Rows, stream_arn: str, snapshot: StreamSnapshot) -> None:
        """Remove the rows of older streams, and of shards that no longer exist."""
        old = outdated_checkpoints(
            rows.checkpoints, stream_arn, snapshot.drained, one_log=self._one_log
        )
        own = [found for (arn, _), found in rows.checkpoints.items() if arn == stream_arn]
        gone = {
            (stream_arn, found.shard_id): found
            for found in removable_checkpoints(snapshot.listing, own)
        }
        now = self._monotonic()
        self._missing = {shard: self._missing.get(shard, now) for shard in gone}
        old += [gone[shard] for shard, since in self._missing.items() if now - since > FORGET_AFTER]
        for found in old:
            self._leases.forget(found)
        held = {arn for arn, _ in rows.checkpoints} | {stream_arn}
        for arn in rows.beginnings:
            if arn not in held and table_of(arn) == table_of(stream_arn):
                self._beginnings.forget(arn)
