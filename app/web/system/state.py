"""The System page, `/readyz` and the findings all show one state, which is read once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.broker.condition import Condition
from app.broker.in_process import InProcessBroker
from app.readmodel.copy_state import CopyState
from app.store.coordination.shard_state import ShardState, WorkerProof
from app.store.status import StoredStatus

# Seconds without a heartbeat until a worker counts as dead: the workers' LEASE_TIME and 2 s. (The
# web server does not import `worker`; a test compares the two.)
SILENT = 12.0


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker; `silent`: seconds for which we have seen its heartbeat counter unchanged.

    `broker`: its kind of broker, `since`: when it started (RFC 3339); None if its row has neither.
    """

    owner: str
    broker: str | None
    since: str | None
    silent: float
    heard: bool  # whether we have seen its counter change at all

    @property
    def alive(self) -> bool:
        """Whether the worker counts as running."""
        return self.silent < SILENT


@dataclass(frozen=True, slots=True)
class Vitals:
    """What shows, without a call, whether this process and the workers work.

    `parts`: `ok`, or what is wrong. `workers`: None while it is not known whether any runs. On
    Lambda it is one proof: how long ago the store last answered.
    """

    parts: Mapping[str, str]
    workers: Sequence[WorkerProof] | None
    on_lambda: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """What this process knows without asking the store.

    `held`: how many events the ring holds. `overruns`: how many subscribers were so slow that
    events left the ring before they were sent, since the process started. `store` says where the
    store is, for admins only: whoever knows that may be able to write to it. `store_kind` does not.
    `refused_keys`: how many stored API keys do not count. `copy` is the read model. `write_took`
    is as `ProductRepository` has it, `sent_after` and `delays` as `InProcessBroker` has them.
    """

    vitals: Vitals
    shards: Sequence[ShardState] | None  # None: no worker in this process
    broker_kind: str
    subscribers: int
    held: int
    overruns: int
    store: str
    store_kind: str
    copy: CopyState
    refused_keys: int = 0
    write_took: float | None = None
    sent_after: float | None = None
    delays: tuple[float, float] | None = None

    def store_for(self, *, is_admin: bool) -> str:
        """What the store is, and for an admin where."""
        return self.store if is_admin else self.store_kind


@dataclass(frozen=True, slots=True)
class SystemState:
    """What this process knows now, and the last successful read of the tables."""

    as_of: datetime
    condition: Condition
    live: Live
    stored: StoredStatus | None
    read_at: datetime | None
    trouble: str  # why the last read of the tables failed; empty if it did not
    needs_repair: bool  # it fails because of a row, so retrying does not help
    workers: Sequence[WorkerSeen]


def vitals_of(
    probes: Mapping[str, Callable[[], str | None]],
    workers: Callable[[], tuple[Sequence[WorkerProof] | None, bool]],
) -> Callable[[], Vitals]:
    """A function that reads `Vitals`; `workers` returns the last two fields."""
    return lambda: Vitals({name: probe() or "ok" for name, probe in probes.items()}, *workers())


def live_of(
    vitals: Callable[[], Vitals],
    shards: Callable[[], Sequence[ShardState]] | None,
    broker: InProcessBroker,
    *,
    kind: str,
    store: tuple[str, str],
    refused_keys: Callable[[], int],
    copy: Callable[[], CopyState],
    write_took: Callable[[], float | None],
) -> Callable[[], Live]:
    """A function that reads `Live`; `shards` is None if this process has no worker.

    `store`: what and where the store is, and what it is.
    """

    def read() -> Live:
        return Live(
            vitals=vitals(),
            shards=None if shards is None else shards(),
            broker_kind=kind,
            subscribers=broker.subscribers,
            held=broker.held,
            overruns=broker.overruns,
            store=store[0],
            store_kind=store[1],
            refused_keys=refused_keys(),
            copy=copy(),
            write_took=write_took(),
            sent_after=broker.sent_after,
            delays=broker.delays,
        )

    return read
