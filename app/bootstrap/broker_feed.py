"""A web process's broker gets its events from Redis, or from a worker in the same process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.broker.in_process import InProcessBroker
from app.broker.redis.connection import READ_TIMEOUT, keys_of
from app.broker.redis.follower import POLL_INTERVAL, RedisFollower
from app.broker.redis.hints import HintSender
from app.broker.redis.proofs import ProofReader
from app.broker.redis.stream_reader import BLOCK, EntryStream
from app.config.settings import Settings
from app.readmodel.follower import Follower
from app.runtime.wake import Wake
from app.store import location
from app.store.audit.audit_repository import Arrived
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.coordination.shard_state import ShardState, WorkerProof
from app.store.coordination.workers import Workers
from app.store.deployment import Deployment
from app.store.dynamodb.table_names import TableNames
from app.web.services import Probe
from worker.effects.log_writer import LogWriter
from worker.hosts.in_process import Reading, make_worker
from worker.hosts.wiring import Wiring, sink_plan
from worker.sharing.membership import Member, new_owner
from worker.stream.shards.polling import idle_at


@dataclass(frozen=True, slots=True)
class BrokerFeed:
    """Where the broker's events come from.

    `hint` is called after each write, `check_sinks` after each change to a sink's row; `shards`
    returns the shards that this process reads (None: another process reads them). `workers` returns
    what the workers prove, as far as it is known, and whether Lambda reads the stream.
    """

    kind: str
    hint: Callable[[], None]
    shards: Callable[[], Sequence[ShardState]] | None
    sink_troubles: Callable[[], Mapping[str, str]] = dict
    check_sinks: Callable[[], None] = lambda: None
    workers: Callable[[], tuple[Sequence[WorkerProof] | None, bool]] = lambda: ((), False)


@contextmanager
def feed_broker(
    settings: Settings,
    where: location.Place,
    deployment: Deployment,
    log: LogWriter,
    broker: InProcessBroker,
    follower: Follower,
    probes: dict[str, Probe],
) -> Iterator[BrokerFeed]:
    """Feed the broker and the read model until the block ends, and add a probe of the source."""
    if settings.broker_url is not None:
        host = Workers(*deployment.coordination).host
        key = keys_of(settings.table_prefix, deployment.tables.products).proofs
        with (
            feed_from_redis(
                settings, deployment.tables, broker, probes, on_events=follower.hint
            ) as hint,
            ProofReader(settings.broker_url.get_secret_value(), key, host) as proofs,
        ):
            yield BrokerFeed(
                "Redis", hint, None, workers=lambda: (proofs.workers(), proofs.on_lambda)
            )
        return
    broker.load()

    def publish(arrived: Sequence[Arrived]) -> None:
        broker.publish(arrived)
        follower.offer(arrived)

    wake = Wake()
    reading = Reading(
        Member(new_owner(), folder=where.folder),
        wake,
        idle_at(where.endpoint),
        one_log=where.engine is not None,
    )
    with (
        sink_plan(settings, deployment) as plan,
        make_worker(reading, Wiring(deployment, log, publish, plan)) as worker,
    ):
        AuditKeyIDs(*deployment.coordination).register_reader(
            deployment.signer.keys, deployment.stamps.scope
        )
        probes["worker"] = worker.problem
        yield BrokerFeed(
            "in this process",
            wake.hint,
            worker.shards,
            worker.sink_troubles,
            worker.check_soon,
            # Its problem is a part's problem already.
            lambda: ([replace(worker.proof(), problem="")], False),
        )


@contextmanager
def feed_from_redis(
    settings: Settings,
    names: TableNames,
    broker: InProcessBroker,
    probes: dict[str, Probe],
    *,
    timeout: float = READ_TIMEOUT,
    block: float = BLOCK,
    poll_interval: float = POLL_INTERVAL,
    on_events: Callable[[], None] = lambda: None,
) -> Iterator[Callable[[], None]]:
    """Feed a web process's broker from Redis; yields the function to call after each write."""
    if settings.broker_url is None:
        raise ValueError("no broker_url")
    url = settings.broker_url.get_secret_value()
    keys = keys_of(settings.table_prefix, names.products)
    with (
        RedisFollower(
            broker,
            EntryStream(url, keys.stream, timeout=timeout, block=block),
            poll_interval,
            on_events,
        ) as follower,
        HintSender(url, keys.hints) as hints,
    ):
        probes["broker"] = follower.problem
        yield hints.hint
