"""Living workers share the shards evenly; a dead one's are free at once. Pure.

A worker is dead once its heartbeat counter has stood still for the lease time (`stall`).
A wrong verdict costs speed, never data: every write is conditional on the lease.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.store.coordination.workers import WorkerRow

LEASE_TIME = 10.0  # seconds


def rivals(me: WorkerRow, others: Collection[WorkerRow]) -> list[WorkerRow]:
    """Those that must not read beside this worker.

    What an in-process broker publishes reaches its own process alone, so its worker reads
    alone. Of two that start together the one with the lower name goes on.
    """
    return [
        other
        for other in others
        if other.owner != me.owner
        and "in-process" in {me.broker, other.broker}
        and (other.ready or (not me.ready and other.owner < me.owner))
    ]


def first_rival(me: str, rivals: Collection[WorkerRow], owners: Collection[str]) -> str | None:
    """The rival that this worker gives way to; None where it is they who do.

    One that woke from a pause finds another at work: whoever holds shards (is among `owners`)
    goes on, of two alike the one with the lower name.
    """
    first = min(
        ({rival.owner for rival in rivals} | {me}), key=lambda name: (name not in owners, name)
    )
    return None if first == me else first


@dataclass(frozen=True, slots=True)
class Share:
    """What a worker should do now: let go of some shards, and take up to `wanted` of the free."""

    release: tuple[str, ...]
    free: tuple[str, ...]
    wanted: int


def share(me: str, owners: Mapping[str, str | None], alive: Collection[str]) -> Share:
    """How the shards that may be read, each with its owner, come to lie evenly.

    Those who hold most keep the odd ones, so that nothing moves without gain; the rest is by
    name, so that all come to the same answer.
    """
    held = {shard: owner if owner in alive else None for shard, owner in owners.items()}
    load = Counter(owner for owner in held.values() if owner is not None)
    ranked = sorted({*alive, me}, key=lambda owner: (-load[owner], owner))
    each, odd = divmod(len(held), len(ranked))
    rank = ranked.index(me)
    quota = each + (rank < odd)
    mine = [shard for shard, owner in held.items() if owner == me]
    free = [shard for shard, owner in held.items() if owner is None]
    start = rank * len(free) // len(ranked)  # so that two do not reach for the same one first
    return Share(
        release=tuple(mine[quota:]),
        free=(*free[start:], *free[:start]),
        wanted=max(0, quota - len(mine)),
    )
