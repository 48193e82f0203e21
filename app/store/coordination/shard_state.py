"""A worker reports the state of its shards in its process and in its heartbeat row."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

REPORTED = 200  # shards in a heartbeat's status, so that it fits into an item


@dataclass(frozen=True, slots=True)
class ShardState:
    """How far a shard has been read, and its lag and problems.

    The last three are what the newest page with records took, in seconds; None before the first.
    """

    shard_id: str
    stream_arn: str = ""
    position: str | None = None  # the last durable sequence number
    finished: bool = False
    lag: float = 0.0  # seconds from the last record's creation to its page; 0: nothing waits
    last_page: float | None = None  # seconds since the last page arrived; None before the first
    trouble: str = ""
    lag_at_most: float | None = None  # upper bound of `lag`, if record times are whole minutes
    arrived: float | None = None  # from the last record's creation to the worker
    stored: float | None = None  # until a batch was in the audit and the feed
    published: float | None = None  # from there until the broker had it


@dataclass(frozen=True, slots=True)
class WorkerProof:
    """What a worker says about its reading of the stream. Durations are in seconds.

    `silent`: since its slowest reader last read a page or saved its position. `behind`: for how
    long the oldest record that it knows has waited. `answer`: how long the last read took.
    `problem`: what is wrong, empty if nothing is. `age`: since this process received the proof.
    """

    silent: float = 0.0
    behind: float = 0.0
    answer: float = 0.0
    problem: str = ""
    age: float = 0.0


_NAMES = {field.name for field in fields(ShardState)}


def reported(states: Iterable[ShardState]) -> str:
    """The status for a heartbeat row, as JSON."""
    return json.dumps([asdict(state) for state in states][:REPORTED], separators=(",", ":"))


def states_of(status: str) -> list[ShardState]:
    """The states in a heartbeat row; what another version wrote is read as far as understood."""
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
