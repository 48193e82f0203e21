"""Rows that nothing rests on any more are removed, so that the table of checkpoints stays small."""

import time
from collections.abc import Callable

from app.store.coordination.checkpoints import Rows, ShardKey, table_of
from app.store.coordination.leases import Leases
from app.store.coordination.stream_starts import StreamStarts
from worker.stream.shards.discovery import Look
from worker.stream.shards.lineage import forgettable
from worker.stream.shards.stream_replacement import left_behind

FORGET_AFTER = 600.0  # seconds that a shard must be missing from the listing: one may flicker


class RowCleanup:
    """Remembers since when shards are missing."""

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

    def __call__(self, rows: Rows, stream_arn: str, seen: Look) -> None:
        """Tidy up after older streams, and after shards that are gone for good."""
        old = left_behind(rows.checkpoints, stream_arn, seen.drained, one_log=self._one_log)
        own = [found for (arn, _), found in rows.checkpoints.items() if arn == stream_arn]
        gone = {(stream_arn, found.shard_id): found for found in forgettable(seen.listing, own)}
        now = self._monotonic()
        self._missing = {shard: self._missing.get(shard, now) for shard in gone}
        old += [gone[shard] for shard, since in self._missing.items() if now - since > FORGET_AFTER]
        for found in old:
            self._leases.forget(found)
        held = {arn for arn, _ in rows.checkpoints} | {stream_arn}
        for arn in rows.beginnings:
            if arn not in held and table_of(arn) == table_of(stream_arn):
                self._beginnings.forget(arn)
