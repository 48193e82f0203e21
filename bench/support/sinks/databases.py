"""A replica in SQLite and in PostgreSQL; the bare loop upserts the same rows with SQLAlchemy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from app.core import json_text
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from bench.support.sinks.trial import Trial
from tests.support.outside.postgres_server import PostgresServer
from worker.sinks.replica.replica_rows import event_row, product_row
from worker.sinks.replica.replica_tables import replica_tables
from worker.sinks.shaping import Projection

_BATCH = 250
_WHOLE = Projection(None, DEFAULT_NAMES)


def _upsert(insert: Callable[[Table], Any], table: Table) -> Any:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={one.name: statement.excluded[one.name] for one in table.c if not one.primary_key},
        where=statement.excluded.event_key >= table.c.event_key,
    )


@contextmanager
def _trial(url: str, insert: Callable[[Table], Any]) -> Iterator[Trial]:
    engine = create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"),
        json_serializer=lambda value: json_text.dumps(value).decode(),
    )
    tables = replica_tables("bare_")
    tables.metadata.create_all(engine)
    put_event, put_product = (_upsert(insert, one) for one in (tables.events, tables.products))

    def write(events: Sequence[ChangeEvent]) -> None:
        newest = {event.product_id: event for event in events}.values()
        rows = (product_row(event.after or {}, DEFAULT_NAMES, _WHOLE, event) for event in newest)
        with engine.begin() as connection:
            connection.execute(put_event, list(map(event_row, events)))
            connection.execute(put_product, list(filter(None, rows)))

    yield Trial("replica", {"STOCKPULSE_REPLICA_URL": url}, write, _BATCH)
    engine.dispose()


@contextmanager
def replica_sqlite(folder: Path) -> Iterator[Trial]:
    """A file for both."""
    with _trial(f"sqlite:///{folder / 'replica.db'}", sqlite.insert) as trial:
        yield trial


@contextmanager
def replica(folder: Path) -> Iterator[Trial]:
    """A server for each."""
    del folder  # the server has one of its own
    with PostgresServer() as server, _trial(server.url(), postgresql.insert) as trial:
        yield trial
