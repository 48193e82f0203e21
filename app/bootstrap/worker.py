"""A standalone worker runs without a web server and shares the stream's shards with others.

It publishes to the web processes through the broker at STOCKPULSE_BROKER_URL.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from app.bootstrap.patience import Patience
from app.bootstrap.process import end_by_signals
from app.broker.redis.connection import READ_TIMEOUT, keys_of
from app.broker.redis.hints import RETRY_INTERVAL, RedisHints
from app.broker.redis.proofs import ProofSender
from app.broker.redis.publisher import RedisPublisher
from app.config.settings import Settings
from app.config.signing import signer_of
from app.observability.metrics import served
from app.runtime.wake import Wake
from app.store import location
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.coordination.audited_table import claim_audit
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb import tables
from app.store.dynamodb.products_table import check_selection
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from worker.consumers.sink import Sink
from worker.effects.log_writer import LogWriter
from worker.effects.publish_order import Publish
from worker.hosts.in_process import Reading, make_worker
from worker.hosts.wiring import Wiring, sink_plan
from worker.leasing.assignment import LEASE_TIME
from worker.sharing.coordinator import Coordinator
from worker.sharing.membership import Member, new_owner
from worker.stream.shards.polling import Idle, idle_at

_log = logging.getLogger(__name__)

_CHECK_INTERVAL = 2.0  # seconds between checks of the worker's own state
_REMIND = 60.0  # seconds until a problem that lasts is logged again


def work(settings: Settings) -> None:
    """Read until a signal.

    Raises:
        OwnerRefused: a worker with an in-process broker, or another kind of host, already reads
            the stream.
        EngineError, TableError, StoreUnavailable: the store cannot be used.

    """
    end_by_signals()
    with suppress(KeyboardInterrupt), publish_to_redis(settings) as worker:
        _log.info("this worker is reading the stream; press Ctrl-C to stop")
        _watch(worker)


@contextmanager
def publish_to_redis(
    settings: Settings,
    *,
    idle: Idle | None = None,
    timeout: float = READ_TIMEOUT,
    retry_interval: float = RETRY_INTERVAL,
    sinks: Sequence[Sink] = (),
) -> Iterator[Coordinator]:
    """A standalone worker that publishes its events to Redis, until the block ends."""
    if settings.broker_url is None:
        raise ValueError("no broker_url")
    url = settings.broker_url.get_secret_value()
    names = settings.table_names
    keys = keys_of(settings.table_prefix, names.products)
    wake = Wake()
    with (
        closing(RedisPublisher(url, keys.stream, names.products, timeout=timeout)) as publisher,
        served(settings.host, settings.metrics_port),
        RedisHints(url, keys.hints, wake.hint, retry_interval=retry_interval),
        reading(settings, publisher.publish, wake, idle=idle, sinks=sinks) as worker,
        ProofSender(url, keys.proofs, worker.owner, worker.proof),
    ):
        yield worker


@contextmanager
def reading(
    settings: Settings,
    publish: Publish,
    wake: Wake,
    *,
    idle: Idle | None = None,
    lease_time: float = LEASE_TIME,
    sinks: Sequence[Sink] = (),
) -> Iterator[Coordinator]:
    """A standalone worker, until the block ends; `publish` is retried if it fails.

    `sinks` run in addition to those that the settings enable.
    """
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        patience = Patience(clients.tables)
        attributes = tables.ensure_tables(clients.tables, names, settings.attributes)
        check_selection(clients.tables, names, attributes)
        claim_audit(clients.tables, names, CONSUMER)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        feed = Feed(
            clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions
        )
        clock = SharedClock(ClockRow(*deployment.coordination), feed.newest_ms())
        reading = Reading(
            Member(new_owner(), broker="redis", folder=where.folder),
            wake,
            idle or idle_at(where.endpoint),
            one_log=settings.dynamodb == "embedded",
            lease_time=lease_time,
        )
        with (
            sink_plan(settings, deployment) as plan,
            make_worker(
                reading,
                Wiring(
                    deployment,
                    LogWriter(deployment, feed, clock),
                    publish,
                    replace(plan, sinks=[*plan.sinks, *sinks]),
                    broker_elsewhere=True,
                    parallelization_factor=settings.parallelization_factor,
                ),
            ) as worker,
        ):
            AuditKeyIDs(*deployment.coordination).register_reader(
                deployment.signer.keys, deployment.stamps.scope
            )
            patience.end()
            yield worker


def _watch(worker: Coordinator) -> None:
    reminder, never = ProblemLog(), threading.Event()
    while True:
        never.wait(_CHECK_INTERVAL)
        line = reminder.line(worker.problem(), time.monotonic())
        if line is not None:
            _log.warning("%s", line)


class ProblemLog:
    """Decides when to log a problem: when it begins, once a minute, and when it ends. No I/O."""

    def __init__(self) -> None:
        self._logged_at: float | None = None  # None: no problem

    def line(self, problem: str | None, now: float) -> str | None:
        """The line to log now; None for nothing."""
        if problem is None:
            ended, self._logged_at = self._logged_at is not None, None
            return "the worker is healthy again" if ended else None
        if self._logged_at is not None and now - self._logged_at < _REMIND:
            return None
        self._logged_at = now
        return problem
