"""One look at the system: what is so now, and the newest that could be read from the tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.broker.in_process import InProcessBroker
from app.store.coordination.shard_state import ShardState
from app.store.status import StoredStatus

SILENT = 12.0  # seconds without a heartbeat until a worker counts as gone: a lease and some


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker, and for how many seconds its heartbeat has stood still under our eyes."""

    owner: str
    broker: str | None
    since: str | None
    silent: float
    heard: bool  # whether we saw its heart beat at all

    @property
    def alive(self) -> bool:
        """Whether it is to be counted on."""
        return self.silent < SILENT


@dataclass(frozen=True, slots=True)
class Live:
    """What this process knows without asking the store."""

    parts: Mapping[str, str]  # `ok`, or what is wrong
    shards: Sequence[ShardState] | None  # None: no worker in this process
    broker: str
    subscribers: int
    held: int
    overruns: int
    store: str


@dataclass(frozen=True, slots=True)
class SystemState:
    """One look: what is so now, and the newest that could be read from the tables."""

    as_of: datetime
    live: Live
    stored: StoredStatus | None
    read_at: datetime | None
    trouble: str  # why the tables could not be read just now
    workers: Sequence[WorkerSeen]


def live_of(
    probes: Mapping[str, Callable[[], str | None]],
    shards: Callable[[], Sequence[ShardState]] | None,
    broker: InProcessBroker,
    *,
    kind: str,
    store: str,
) -> Callable[[], Live]:
    """A look; `shards` is None where the worker is another process, `kind` the broker's."""

    def look() -> Live:
        return Live(
            parts={name: probe() or "ok" for name, probe in probes.items()},
            shards=None if shards is None else shards(),
            broker=kind,
            subscribers=broker.subscribers,
            held=broker.held,
            overruns=broker.overruns,
            store=store,
        )

    return look
