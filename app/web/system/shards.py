"""A shard is one line, from every source that knows of it; who reads it knows best. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.status import SavedShard
from app.web.system.state import SystemState

FINISHED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ShardLine:
    """One shard, from every source that knows of it."""

    shard_id: str
    lag: float | None  # seconds behind, now
    last_page: float | None  # seconds ago
    position: str | None
    finished: bool
    owner: str | None
    here: bool  # read by this process
    since: str | None
    trouble: str


def shard_lines(state: SystemState) -> list[ShardLine]:
    """Open shards, and of the finished ones the newest few."""
    saved = state.stored.shards if state.stored else ()
    told = _told(state)
    known = dict.fromkeys([*told, *(shard.shard_id for shard in saved)])
    by_id: dict[str, SavedShard] = {}
    for shard in saved:  # newest stream first
        by_id.setdefault(shard.shard_id, shard)
    lines = [_line(shard_id, by_id.get(shard_id), told.get(shard_id, {})) for shard_id in known]
    finished = [line for line in lines if line.finished]
    return [line for line in lines if not line.finished] + finished[:FINISHED_SHOWN]


def _told(state: SystemState) -> dict[str, Mapping[str, Any]]:
    """What workers say of their shards: this process's own knows best."""
    told: dict[str, Mapping[str, Any]] = {}
    rows = state.stored.workers if state.stored else ()
    gone = {worker.owner: worker.silent for worker in state.workers if not worker.alive}
    for row in sorted(rows, key=lambda row: row.owner not in gone):  # who lives knows better
        for shard in row.shards:
            if isinstance(shard.get("shard_id"), str):
                silent = gone.get(row.owner, 0.0)  # so long nobody has read it, or told of it
                told[shard["shard_id"]] = {**shard, "owner": row.owner, "silent": silent}
    for own in state.live.shards or ():
        told[own.shard_id] = {
            "lag": own.lag,
            "last_page": own.last_page,
            "position": own.position,
            "trouble": own.trouble,
            "here": True,
        }
    return told


def _line(shard_id: str, saved: SavedShard | None, told: Mapping[str, Any]) -> ShardLine:
    lag, last_page = _seconds(told.get("lag")), _seconds(told.get("last_page"))
    if last_page is not None:
        last_page += told.get("silent", 0.0)
    return ShardLine(
        shard_id=shard_id,
        # A reader that hangs gets later, though it does not say so.
        lag=None if lag is None else lag + (last_page or 0.0),
        last_page=last_page,
        position=told.get("position") or (saved.sequence_number if saved else None),
        finished=saved is not None and saved.finished and not told,
        owner=(saved.owner if saved else None) or told.get("owner"),
        here=bool(told.get("here")),
        since=saved.since if saved else None,
        trouble=str(told.get("trouble") or ""),
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
