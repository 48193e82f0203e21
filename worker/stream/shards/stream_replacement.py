"""When a stream is made anew, the old one is read to its end before the new one begins. Pure.

A table re-created, or its stream switched off and on, has a new stream ARN; the old one can be
read for 24 hours (FACTS §1.14). On an engine with one log (the embedded one, FACTS §2) a new ARN
continues the same log: there the old ARN is never read, and positions carry over.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from app.store.coordination.checkpoints import Checkpoint, ShardKey, label_of, table_of


def streams_in_order(
    current: str | None, held: Collection[str], listed: Collection[str] = ()
) -> list[str]:
    """The streams of one table to read, each to its end before the next.

    `held` have checkpoints; `listed` is what the service still knows: one that came and went
    while no worker ran is among them, and counts if it is newer than all that are held. The
    current stream, None where it is off, is the last: one that is listed and newer still was
    made since we asked which is current, and waits for the next look.
    """
    newest = max(map(label_of, held), default="")
    between = [arn for arn in listed if held and label_of(arn) > newest]
    if current is not None:
        between = [arn for arn in between if label_of(arn) <= label_of(current)]
    before = sorted({*held, *between} - {current or ""}, key=label_of)
    return before if current is None else [*before, current]


def held_streams(checkpoints: Iterable[ShardKey], table: str) -> set[str]:
    """The streams of a table that a worker has begun and not left behind for good."""
    return {stream_arn for stream_arn, _ in checkpoints if table_of(stream_arn) == table}


def positions(
    checkpoints: Mapping[ShardKey, Checkpoint], stream_arn: str, *, one_log: bool
) -> dict[str, Checkpoint]:
    """The checkpoints of a stream by shard id.

    Where all streams of a table are one log, that is each shard's furthest position under any
    of their names, for a new ARN serves the old records again; and it belongs to whoever reads
    the log under any name.
    """
    by_shard: dict[str, Checkpoint] = {}
    for (arn, shard_id), found in checkpoints.items():
        if arn == stream_arn or (one_log and table_of(arn) == table_of(stream_arn)):
            known = by_shard.get(shard_id, found)
            furthest = max(known, found, key=lambda row: row.position)
            by_shard[shard_id] = replace(furthest, owner=known.owner or found.owner)
    return by_shard


def left_behind(
    checkpoints: Mapping[ShardKey, Checkpoint],
    stream_arn: str,
    drained: Collection[str],
    *,
    one_log: bool,
) -> list[Checkpoint]:
    """Checkpoints of older streams that can go, now that `stream_arn` itself has been begun."""
    own = {shard_id: found for (arn, shard_id), found in checkpoints.items() if arn == stream_arn}
    if not one_log:
        return [found for (arn, _), found in checkpoints.items() if own and arn in drained]
    return [
        found
        for (arn, shard_id), found in checkpoints.items()
        if arn != stream_arn
        and table_of(arn) == table_of(stream_arn)
        and found.owner is None
        and shard_id in own
        and own[shard_id].position >= found.position
    ]
