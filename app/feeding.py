"""A web process's broker is fed by a Redis, or by a worker in the same process."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from app.broker.in_process import InProcessBroker
from app.settings import Settings
from app.signing import audit_keys
from app.split import fed_by_redis
from app.store import place, tables
from app.store.audit import AuditRepository
from app.store.audit_keys import AuditKeyIDs
from app.store.client import Clients
from app.web.services import Probe
from app.web.system.state import ShardState
from worker.host import make_worker
from worker.order import ArrivalOrder
from worker.reading import Reading
from worker.sinks.policy import policy_of
from worker.source import CONSUMER, source_of
from worker.stream.membership import Member, new_owner
from worker.stream.pace import Wake, idle_at

# Told of each point that a crash could fall on; only fault tests listen.
Reached = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fed:
    """What the broker is fed by, whom to tell of writes, and the shards that are read here."""

    kind: str
    hint: Callable[[], None]
    shards: Callable[[], Sequence[ShardState]] | None


@contextmanager
def feeding(
    settings: Settings,
    where: place.Place,
    clients: Clients,
    names: tables.TableNames,
    audit: AuditRepository,
    order: ArrivalOrder,
    broker: InProcessBroker,
    probes: dict[str, Probe],
    due: threading.Event,
    reached: Reached,
) -> Iterator[Fed]:
    """Feed the broker until the block ends, and add a probe of what feeds it."""
    if settings.broker_url is not None:
        with fed_by_redis(settings, names, broker, probes) as hint:
            yield Fed("Redis", hint, None)
        return
    broker.load()
    wake = Wake()
    with make_worker(
        source_of(clients, names, settings.attributes),
        Reading(
            Member(new_owner(), folder=where.folder),
            wake,
            idle_at(where.endpoint),
            one_log=where.engine is not None,
        ),
        audit,
        order,
        broker.publish,
        reached=reached,
        policy=policy_of(settings),
        due=due,
    ) as worker:
        AuditKeyIDs(clients.tables, names.checkpoints, CONSUMER).register([*audit_keys(settings)])
        probes["worker"] = worker.problem
        yield Fed("in this process", wake.hint, worker.shards)
