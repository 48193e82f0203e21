"""A shard is read only after its parent is finished, and from the start. Pure: shards in, plan out.

Finished means that the reader saw the shard's last page (a missing next iterator) and
its records are durable: an `EndingSequenceNumber` proves nothing (FACTS §1.6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.store.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as DescribeStream tells it."""

    id: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read a shard from: after a sequence number, or from its oldest record (None)."""

    shard_id: str
    after: str | None


def readable(shards: Iterable[Shard], checkpoints: Mapping[str, Checkpoint]) -> list[Position]:
    """Positions of every shard that may be read now.

    A parent that is not listed counts as trimmed (FACTS §1.1); a shard never seen before
    starts at its oldest record, closed or not (FACTS §1.3, §1.7).
    """
    by_id = {shard.id: shard for shard in shards}
    return [
        Position(shard.id, _after(shard.id, checkpoints))
        for shard in by_id.values()
        if not _finished(shard.id, checkpoints)
        and (shard.parent not in by_id or _finished(shard.parent, checkpoints))
    ]


def _finished(shard_id: str | None, checkpoints: Mapping[str, Checkpoint]) -> bool:
    checkpoint = checkpoints.get(shard_id or "")
    return checkpoint is not None and checkpoint.finished


def _after(shard_id: str, checkpoints: Mapping[str, Checkpoint]) -> str | None:
    checkpoint = checkpoints.get(shard_id)
    return None if checkpoint is None else checkpoint.sequence_number
