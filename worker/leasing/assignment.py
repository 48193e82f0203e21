"""Live workers share the shards evenly; the shards of a dead worker are free at once. Pure.

A worker is dead when its heartbeat counter has not changed for the lease time (`stall`). A wrong
verdict costs time, never data: every write is conditional on the lease.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.store.coordination.workers import WorkerRow

LEASE_TIME = 10.0  # seconds

K = TypeVar("K")


def rivals(me: WorkerRow, others: Collection[WorkerRow]) -> list[WorkerRow]:
    """Return the workers that must not read alongside this one.

    An in-process broker publishes only within its own process, so its worker must be the only
    reader. If two start together, the one with the lower name continues.
    """
    return [
        other
        for other in others
        if other.owner != me.owner
        and "in-process" in {me.broker, other.broker}
        and (other.ready or (not me.ready and other.owner < me.owner))
    ]


def first_rival(me: str, rivals: Collection[WorkerRow], owners: Collection[str]) -> str | None:
    """Return the rival that this worker yields to; None if the rivals yield to this worker.

    A worker that resumes after a pause finds another at work. The one that holds shards (is in
    `owners`) continues; if both or neither do, the one with the lower name.
    """
    first = min(
        ({rival.owner for rival in rivals} | {me}), key=lambda name: (name not in owners, name)
    )
    return None if first == me else first


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """What a worker should do now: release some shards, take up to `wanted` of the free ones."""

    release: tuple[K, ...]
    free: tuple[K, ...]
    wanted: int


def share(me: str, owners: Mapping[K, str | None], alive: Collection[str]) -> Share[K]:
    """Plan the even distribution of the readable shards, given each shard's owner.

    The workers that hold most keep the odd ones, so that no shard moves without need. Ties are
    broken by name, so that all workers compute the same plan.
    """
    held = {shard: owner if owner in alive else None for shard, owner in owners.items()}
    load = Counter(owner for owner in held.values() if owner is not None)
    ranked = sorted({*alive, me}, key=lambda owner: (-load[owner], owner))
    each, odd = divmod(len(held), len(ranked))
    rank = ranked.index(me)
    quota = each + (rank < odd)
    mine = [shard for shard, owner in held.items() if owner == me]
    free = [shard for shard, owner in held.items() if owner is None]
    start = rank * len(free) // len(ranked)  # so that two workers do not try the same shard first
    return Share(
        release=tuple(mine[quota:]),
        free=(*free[start:], *free[:start]),
        wanted=max(0, quota - len(mine)),
    )
