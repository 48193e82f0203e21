"""`stockpulse import` writes to the tables themselves, beside a server or without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config.settings import Settings
from app.config.signing import signer_of
from app.store import location
from app.store.audit.audit_repository import AuditRepository
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.deployment import Deployment
from app.store.dynamodb import tables
from app.store.dynamodb.products_table import check_selection
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.products.changes import StockRules
from app.store.store import open_store
from app.web.imports.import_threads import Imports


@contextmanager
def importing(settings: Settings, takes_over: Callable[[Path], bool]) -> Iterator[Imports]:
    """The imports of a command, until the block ends.

    It goes on with those interrupted imports for whose folder `takes_over` is true.

    Raises:
        AuditKeysDiffer: a worker lacks the key that signs here.
        EngineError, TableError, StoreUnavailable: the store cannot be used.

    """
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        attributes = tables.ensure_tables(clients.tables, names, settings.attributes)
        check_selection(clients.tables, names, attributes)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        AuditKeyIDs(*deployment.coordination).register_writer(
            deployment.signer.keys, deployment.stamps.scope
        )
        feed = Feed(
            clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions
        )
        clock = CursorClock(0)
        audit = AuditRepository(clients.tables, names.audit, feed, deployment.signer, clock.stamp)
        store = open_store(
            deployment,
            feed,
            audit,
            deployment.stream().view_type,
            on_commit=lambda: None,
            on_control=lambda: None,
            on_write=lambda *_: None,
            rules=StockRules(settings.stock_decimals, settings.negative_stock),
        )
        with Imports(settings.data_dir, store, settings.id_case, takes_over=takes_over) as imports:
            yield imports
