"""A shard is read only after its parent is finished, and from its start. Pure.

A shard is finished when the reader has seen its last page (a missing next iterator) and its records
are durable; an `EndingSequenceNumber` proves nothing (stream fact 6). A shard that is missing from
a listing need not be gone: a shard whose reading has begun is requested until the service itself
reports it gone (stream fact 13), and its children wait until then.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from app.store.coordination.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard as DescribeStream returns it."""

    id: str
    parent: str | None
    start: str | None = None  # its first sequence number, if the service reports it


@dataclass(frozen=True, slots=True)
class Listing:
    """The shards of one stream; `complete` only if every page of DescribeStream was read."""

    shards: tuple[Shard, ...]
    complete: bool = True
    settled: bool = True  # the stream is not DISABLING


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read a shard from: after a sequence number, or from its oldest record (None)."""

    shard_id: str
    after: str | None
    start: str | None = None  # the number that must still exist when reading from the oldest record


def parents_gone(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> frozenset[str]:
    """Unread parents that are not listed, of shards whose reading has not begun."""
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
    """Add to the listing what must still exist, given the parents that were gone at the start.

    A parent that has vanished since then, before any worker began it, is added to the listing: the
    service is asked for it and reports it gone, which is a gap. A shard keeps its `start` only if
    its parent was not gone at the start. `gone_before` None: reading begins with this listing, and
    nothing that vanished before was expected (a first start at the oldest record is no gap).
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
    """Positions of all shards that may be read now, including those begun but not listed.

    A parent that is neither listed (see `promised`) nor begun counts as trimmed (stream fact 1),
    but only in a complete listing: it may be on a page that failed (stream fact 8). A new shard
    starts at its oldest record, closed or not (stream facts 3 and 7).
    """
    listed = {shard.id: shard for shard in listing.shards}
    begun = [Shard(shard_id, None) for shard_id in checkpoints if shard_id not in listed]

    def waits(shard: Shard) -> bool:
        """Whether the shard's parent may still hold earlier records."""
        if not shard.parent or _finished(shard.parent, checkpoints):
            return False
        if shard.parent in listed or shard.parent in checkpoints:
            return True
        return not listing.complete and shard.id not in checkpoints

    return [
        Position(
            shard.id,
            checkpoints[shard.id].sequence_number if shard.id in checkpoints else None,
            shard.start,
        )
        for shard in (*listed.values(), *begun)
        if not _finished(shard.id, checkpoints) and not waits(shard)
    ]


def is_drained(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> bool:
    """Whether a disabled stream holds nothing more to read."""
    return listing.complete and listing.settled and not readable(listing, checkpoints)


def awaits_child(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> bool:
    """Whether a finished shard has no child yet: children are listed late (stream fact 5)."""
    parents = {shard.parent for shard in listing.shards}
    return any(
        shard.id not in parents and _finished(shard.id, checkpoints) for shard in listing.shards
    )


def removable_checkpoints(listing: Listing, checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Checkpoints that are no longer needed: finished, and of shards that are not listed.

    None while no shard is listed at all: children are listed late (stream fact 5). Without any
    checkpoint, a stream that is then replaced counts as never read, and its children are skipped.
    """
    if not listing.complete or not listing.shards:
        return []
    listed = {shard.id for shard in listing.shards}
    return [found for found in checkpoints if found.finished and found.shard_id not in listed]


def _finished(shard_id: str, checkpoints: Mapping[str, Checkpoint]) -> bool:
    checkpoint = checkpoints.get(shard_id)
    return checkpoint is not None and checkpoint.finished
