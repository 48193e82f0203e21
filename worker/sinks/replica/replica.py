"""The sink that keeps the replica: batches of events become rows, all of a batch or none."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import Boolean, Table

from app.config.settings import Settings
from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.item import Item
from app.core.keys import NotAnID
from app.filters.document import wants
from app.filters.pattern import parse_filter
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from worker.consumers.sink import Rejected, Sink, Unavailable
from worker.sinks.owner_mark import owner_of
from worker.sinks.replica.checking.replica_check import ReplicaCheck
from worker.sinks.replica.column_types import Instant
from worker.sinks.replica.database import Database
from worker.sinks.replica.first_copy import FirstCopy
from worker.sinks.replica.refusals import Refused
from worker.sinks.replica.replica_rows import (
    Keeps,
    Row,
    Rows,
    keeps_all,
    lacks_image,
    newest,
    rows_of,
)
from worker.sinks.replica.replica_state import ReplicaState
from worker.sinks.replica.replica_tables import replica_tables
from worker.sinks.replica.replica_writes import ReplicaWrites
from worker.sinks.shaping import Projection

NAME = "replica"
BATCH = 250  # events; the next ones are read meanwhile
_TEST = "stockpulse-test"


class Replica:
    """Writes events and products to one database."""

    def __init__(
        self,
        deployment: Deployment,
        database: Database,
        prefix: str,
        *,
        keeps_deleted: bool = False,
        keeps: Keeps = keeps_all,
        projection: Projection | None = None,
    ) -> None:
        """`prefix`: of the tables' names. `keeps`: which events get a row."""
        self._client = deployment.clients.tables
        self._table, self._names = deployment.tables.products, deployment.names
        self._keeps = keeps
        self._projection = projection or Projection(None, deployment.names)
        tables = replica_tables(prefix)
        self._state = ReplicaState(database, tables, lambda: owner_of(deployment))
        self._writes = ReplicaWrites(
            tables, is_sqlite=database.is_sqlite, keeps_deleted=keeps_deleted
        )
        self._copy = FirstCopy(deployment, self._state, self._writes, self._projection)
        self._check = ReplicaCheck(deployment, self._state, self._projection, keeps)

    def sink(self) -> Sink:
        """The sink named `replica`."""
        return Sink(
            NAME,
            self.deliver,
            batch_size=BATCH,
            internal=True,  # they change attributes, too
            test=self.send_test,
            check=self._check.run,
            clock=lambda _until: self._copy.advance(),
        )

    def deliver(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        """Write events.

        Raises:
            Unavailable: some were not written; deliver all of them again.

        """
        try:
            return self._write(events, self._items(events))
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error

    def send_test(self) -> str:
        """Write an event and take it back; returns a sentence that reports the success.

        Raises:
            Unavailable: the database did not accept it.

        """
        began = time.monotonic()
        tables = self._state.tables
        product, event, key = map(_sample, (tables.products, tables.events, tables.removed))
        try:
            with self._state.writing() as (connection, _), connection.begin_nested() as attempt:
                self._writes.write(connection, Rows([event], [product], [key]))
                attempt.rollback()
        except Refused as refused:
            raise Unavailable(f"{self._state.shown} refuses a row: {refused}") from refused
        elapsed = (time.monotonic() - began) * 1000
        return f"{self._state.shown} accepted a row in {elapsed:.0f} ms, which was taken back"

    def _write(self, events: Sequence[ChangeEvent], current: Mapping[str, Item]) -> list[Rejected]:
        rows = rows_of(events, current, self._names, self._projection, self._keeps)
        try:
            with self._state.writing() as (connection, _):
                self._writes.write(connection, rows)
        except Refused as refused:
            with self._state.reading():  # if the schema was changed, this says so
                pass
            if len(events) == 1:
                return [Rejected(events[0], f"{self._state.shown} refuses it: {refused}")]
            middle = len(events) // 2
            return self._write(events[:middle], current) + self._write(events[middle:], current)
        return []

    def _items(self, events: Sequence[ChangeEvent]) -> dict[str, Item]:
        """The current items of products whose newest events do not show them."""
        keys = []
        for event in newest(events):
            if lacks_image(event):
                with suppress(NotAnID):  # of a table that had another key
                    keys.append(self._names.key.key_of(event.product_id))
        found = get_all(self._client, self._table, keys)
        return {self._names.key.id_of(item): item for item in found}


@contextmanager
def replica(settings: Settings, deployment: Deployment) -> Iterator[Sink]:
    """Open the sink that the settings describe until the block ends."""
    if settings.replica_url is None:
        raise ValueError("STOCKPULSE_REPLICA_URL is not set")
    keeps: Keeps = keeps_all
    if settings.replica_filter is not None:
        pattern = parse_filter(settings.replica_filter)
        keeps = wants(pattern, deployment.tables.products, deployment.names.key)
    with closing(Database(settings.replica_url.get_secret_value())) as database:
        yield Replica(
            deployment,
            database,
            settings.replica_prefix,
            keeps_deleted=settings.replica_deletes == "mark",
            keeps=keeps,
            projection=Projection(settings.replica_attributes, deployment.names),
        ).sink()


def _sample(table: Table) -> Row:
    """A row that the table accepts."""
    row: Row = {}
    for column in table.columns:
        match column.type:
            case _ if column.nullable and column.name != "deleted_at":
                row[column.name] = None
            case Boolean():
                row[column.name] = False
            case Instant():
                row[column.name] = datetime.now(UTC)
            case _:
                row[column.name] = _TEST
    return row
