"""If a stream is replaced, the old one is read to its end before the new one begins. Pure.

If a table is re-created, or its stream is switched off and on, the stream has a new ARN, and the
old stream can be read for 24 hours (stream fact 14). On an engine with one log (the embedded
engine) a new ARN continues the same log: the old ARN is never read, and positions carry over.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from app.store.coordination.checkpoints import Checkpoint, ShardKey, label_of, table_of


def streams_in_order(
    current: str | None, held: Collection[str], listed: Collection[str] = ()
) -> list[str]:
    """The streams of one table to read, each to its end before the next.

    `held` have checkpoints. `listed` are all streams that the service still knows. A stream that
    came and went while no worker ran is listed; it counts if it is newer than all held streams. The
    current stream (None if it is off) is the last. A listed stream that is newer still was created
    after the current one was read; it waits for the next discovery.
    """
    newest = max(map(label_of, held), default="")
    between = [arn for arn in listed if held and label_of(arn) > newest]
    if current is not None:
        between = [arn for arn in between if label_of(arn) <= label_of(current)]
    before = sorted({*held, *between} - {current or ""}, key=label_of)
    return before if current is None else [*before, current]


def held_streams(checkpoints: Iterable[ShardKey], table: str) -> set[str]:
    """The streams of a table that have checkpoints."""
    return {stream_arn for stream_arn, _ in checkpoints if table_of(stream_arn) == table}


def positions(
    checkpoints: Mapping[ShardKey, Checkpoint], stream_arn: str, *, one_log: bool
) -> dict[str, Checkpoint]:
    """The checkpoints of a stream, by shard id.

    If all streams of a table are one log, this is each shard's furthest position under any stream,
    because a new ARN serves the old records again. The shard belongs to the owner of its lease
    under any stream.
    """
    by_shard: dict[str, Checkpoint] = {}
    for (arn, shard_id), found in checkpoints.items():
        if arn == stream_arn or (one_log and table_of(arn) == table_of(stream_arn)):
            known = by_shard.get(shard_id, found)
            furthest = max(known, found, key=lambda row: row.position)
            by_shard[shard_id] = replace(furthest, owner=known.owner or found.owner)
    return by_shard


def outdated_checkpoints(
    checkpoints: Mapping[ShardKey, Checkpoint],
    stream_arn: str,
    drained: Collection[str],
    *,
    one_log: bool,
) -> list[Checkpoint]:
    """Checkpoints of older streams that can be removed, once `stream_arn` has been begun."""
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
