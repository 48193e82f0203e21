"""A shard as the worker that reads it reports it, in its process and in its heartbeat's row."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

REPORTED = 200  # shards in the status that a heartbeat carries: it must fit an item


@dataclass(frozen=True, slots=True)
class ShardState:
    """How far a shard was read, and how it fares."""

    shard_id: str
    stream_arn: str = ""
    position: str | None = None  # the last durable sequence number
    finished: bool = False
    lag: float = 0.0  # seconds from the last record's creation to its page; 0: none waits
    last_page: float | None = None  # seconds since the last page came; None before the first
    trouble: str = ""
    lag_at_most: float | None = None  # the same, where times in whole minutes prove no less


_NAMES = {field.name for field in fields(ShardState)}


def reported(states: Iterable[ShardState]) -> str:
    """The status of a heartbeat's row."""
    return json.dumps([asdict(state) for state in states][:REPORTED], separators=(",", ":"))


def states_of(status: str) -> list[ShardState]:
    """The states in a heartbeat's row; what other versions wrote is read as far as it goes."""
    try:
        found: Any = json.loads(status or "[]")
    except ValueError:
        return []
    if not isinstance(found, list):
        return []
    known = (
        {k: v for k, v in one.items() if k in _NAMES} for one in found if isinstance(one, dict)
    )
    return [ShardState(**one) for one in known if isinstance(one.get("shard_id"), str)]
