"""A shard is read only after its parent is finished, and from the start. Pure: shards in, plan out.

Finished means that the reader saw the shard's last page (a missing next iterator) and
its records are durable: an `EndingSequenceNumber` proves nothing (FACTS §1.6). Nor does a
listing prove that a shard is gone: one that was begun goes on being asked for until the service
itself says so (FACTS §1.13), and until then its children wait.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from app.store.coordination.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as DescribeStream tells it."""

    id: str
    parent: str | None
    start: str | None = None  # its first sequence number, where that was told


@dataclass(frozen=True, slots=True)
class Listing:
    """The shards of one stream; `complete` only if every page of DescribeStream came."""

    shards: tuple[Shard, ...]
    complete: bool = True
    settled: bool = True  # the stream is not just being switched off


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read a shard from: after a sequence number, or from its oldest record (None)."""

    shard_id: str
    after: str | None
    start: str | None = None  # what must still be there, where it is read from its oldest record


def parents_gone(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> frozenset[str]:
    """Parents of shards yet to be begun that are neither listed nor were begun themselves."""
    listed = {shard.id for shard in listing.shards}
    return frozenset(
        shard.parent
        for shard in listing.shards
        if shard.parent
        and shard.id not in checkpoints
        and shard.parent not in listed
        and shard.parent not in checkpoints
    )


def promised(
    listing: Listing, checkpoints: Mapping[str, Checkpoint], gone_before: Collection[str] | None
) -> Listing:
    """What must be there to be read, since `gone_before` is what was gone when reading began.

    A parent that vanished since, before any worker began it, is listed with the others: the
    service is asked for it, and says itself that it is gone, which is a gap. A `start` is kept
    only of children of what was not gone. None: reading begins with this look, and what
    vanished before was never promised (a first start at the oldest record is no gap).
    """
    if gone_before is None:
        return replace(listing, shards=tuple(replace(one, start=None) for one in listing.shards))
    vanished = parents_gone(listing, checkpoints) if listing.complete else frozenset()
    kept = (
        shard if shard.parent and shard.parent not in gone_before else replace(shard, start=None)
        for shard in listing.shards
    )
    missing = (Shard(shard_id, None) for shard_id in sorted(vanished.difference(gone_before)))
    return replace(listing, shards=(*kept, *missing))


def readable(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> list[Position]:
    """Positions of every shard that may be read now, those begun but not listed included.

    A parent that is neither listed (see `promised`) nor begun counts as trimmed (FACTS §1.1),
    but only in a complete listing: it may stand on a page that failed (FACTS §1.8). A shard never
    seen before starts at its oldest record, closed or not (FACTS §1.3, §1.7).
    """
    starts = {shard.id: shard.start for shard in listing.shards}
    parents = {shard.id: shard.parent for shard in listing.shards}
    begun = [shard_id for shard_id in checkpoints if shard_id not in parents]
    return [
        Position(shard_id, _after(shard_id, checkpoints), starts.get(shard_id))
        for shard_id in (*parents, *begun)
        if not _finished(shard_id, checkpoints)
        and not _waits(shard_id, parents, checkpoints, complete=listing.complete)
    ]


def _waits(
    shard_id: str,
    parents: Mapping[str, str | None],
    checkpoints: Mapping[str, Checkpoint],
    *,
    complete: bool,
) -> bool:
    """Whether the shard's parent may still hold records that come first."""
    parent = parents.get(shard_id)
    if not parent or _finished(parent, checkpoints):
        return False
    if parent in parents or parent in checkpoints:
        return True
    return not complete and shard_id not in checkpoints


def is_drained(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> bool:
    """Whether a stream that was switched off holds nothing more to read."""
    return listing.complete and listing.settled and not readable(listing, checkpoints)


def awaits_child(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> bool:
    """Whether a finished shard has no child yet: the child shows up late (FACTS §1.5)."""
    parents = {shard.parent for shard in listing.shards}
    return any(
        shard.id not in parents and _finished(shard.id, checkpoints) for shard in listing.shards
    )


def forgettable(listing: Listing, checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Checkpoints that nothing rests on any more: finished, and of shards not listed."""
    if not listing.complete:
        return []
    listed = {shard.id for shard in listing.shards}
    return [found for found in checkpoints if found.finished and found.shard_id not in listed]


def _finished(shard_id: str, checkpoints: Mapping[str, Checkpoint]) -> bool:
    checkpoint = checkpoints.get(shard_id)
    return checkpoint is not None and checkpoint.finished


def _after(shard_id: str, checkpoints: Mapping[str, Checkpoint]) -> str | None:
    checkpoint = checkpoints.get(shard_id)
    return None if checkpoint is None else checkpoint.sequence_number
