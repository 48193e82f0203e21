"""Topology B: a worker without the web; with others of its kind it shares the stream's shards.

What it publishes reaches the web processes through the broker of STOCKPULSE_BROKER_URL.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from app.settings import Settings
from app.signals import end_by_signals
from app.signing import signer_of
from app.store import place, tables
from app.store.audit import AuditRepository
from app.store.client import Clients, connect
from app.store.cursor import Cursor, CursorClock
from app.store.feed import Feed
from app.store.tables import TableNames
from worker.host import IDLE_AWS, IDLE_LOCAL, make_worker
from worker.order import ArrivalOrder, Publish
from worker.sinks.policy import RetryPolicy
from worker.stream.coordinator import Coordinator
from worker.stream.leases import LEASE_TIME
from worker.stream.membership import Member, new_owner
from worker.stream.pace import Wake

_log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between looks at the worker's own state, which is logged when it changes


def work(settings: Settings) -> None:
    """Read until a signal ends it.

    Raises:
        OwnerRefused: a worker with an in-process broker, or another kind of host, reads already.
        EngineError, TableError, StoreUnavailable: the store cannot be used.

    """
    end_by_signals()
    with suppress(KeyboardInterrupt), reading(settings, publisher_of(settings)) as worker:
        _log.info("this worker reads; Ctrl-C ends it")
        _watch(worker)


def publisher_of(settings: Settings) -> Publish:
    """What hands events to the web processes."""
    raise NotImplementedError(f"a broker at {settings.broker_url}")


def clock_of(_clients: Clients, _names: TableNames, feed: Feed) -> Callable[[], Cursor]:
    """Stamps of this writer."""
    return CursorClock(feed.newest_ms()).stamp


@contextmanager
def reading(
    settings: Settings, publish: Publish, *, lease_time: float = LEASE_TIME
) -> Iterator[Coordinator]:
    """A worker of its own, until the block ends."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = connect(where.endpoint)
        tables.ensure_tables(clients.tables, names, settings.attributes)
        signer = signer_of(settings)
        feed = Feed(clients.tables, names.feed, signer.retention)
        order = ArrivalOrder(clock_of(clients, names, feed))
        with make_worker(
            clients,
            names,
            settings.attributes,
            AuditRepository(clients.tables, names.audit, feed, signer, order.stamp),
            order,
            publish,
            lambda: tables.stream_of(clients.tables, names.products),
            Wake(),
            IDLE_AWS if where.endpoint is None else IDLE_LOCAL,
            Member(new_owner(), broker="redis", folder=where.folder),
            one_log=settings.dynamodb == "embedded",
            lease_time=lease_time,
            policy=RetryPolicy(
                settings.maximum_retry_attempts, settings.maximum_record_age_in_seconds
            ),
        ) as worker:
            yield worker


def _watch(worker: Coordinator) -> None:
    known: str | None = None
    never = threading.Event()
    while True:
        never.wait(_LOOK)
        problem = worker.problem()
        if problem != known:
            _log.warning(problem or "all is well again")
        known = problem
