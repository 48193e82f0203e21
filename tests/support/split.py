"""A worker beside web processes, with a Redis between them, as `stockpulse worker` is."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.broker.redis.hints import RedisHints
from app.broker.redis.link import keys_of
from app.broker.redis.publisher import RedisPublisher
from app.serve import signer_of
from app.settings import Settings
from app.store import tables
from app.store.audit import AuditRepository
from app.store.client import connect
from app.store.clock import ClockRow, SharedClock
from app.store.feed import Feed
from worker.host import CONSUMER, make_worker
from worker.order import ArrivalOrder
from worker.stream.pace import Wake


@contextmanager
def worker_beside(
    settings: Settings, *, idle: float = 0.25, timeout: float = 0.5
) -> Iterator[None]:
    """A worker on the tables of `settings`, which are there already, until the block ends."""
    assert settings.broker_url is not None
    url = settings.broker_url.get_secret_value()
    names = tables.table_names(settings.table_prefix, settings.products_table)
    keys = keys_of(settings.table_prefix, names.products)
    clients = connect(settings.dynamodb)
    feed = Feed(clients.tables, names.feed)
    clock = SharedClock(ClockRow(clients.tables, names.checkpoints, CONSUMER), feed.newest_ms())
    order = ArrivalOrder(clock.stamp)
    audit = AuditRepository(clients.tables, names.audit, feed, signer_of(settings), order.stamp)
    publisher = RedisPublisher(url, keys.stream, names.products, timeout=timeout)
    wake = Wake()
    worker = make_worker(
        clients,
        names,
        settings.attributes,
        audit,
        order,
        publisher.publish,
        lambda: tables.stream_of(clients.tables, names.products),
        wake,
        idle,
        broker_elsewhere=True,
    )
    try:
        with worker, RedisHints(url, keys.hints, wake.hint, again=0.2):
            yield
    finally:
        publisher.close()
        clients.tables.close()
        clients.streams.close()
