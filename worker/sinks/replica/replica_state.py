"""The mark says whose replica this is; each transaction checks it, and locks it until its end.

So two workers of one deployment write in turns, and two deployments never mix their products.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert, select, update

from app.core.errors import StoreUnavailable
from worker.consumers.sink import Unavailable
from worker.sinks.owner_mark import refuse_other
from worker.sinks.replica.database import Database
from worker.sinks.replica.refusals import Refused
from worker.sinks.replica.replica_schema import create_missing, differences
from worker.sinks.replica.replica_tables import VERSION, ReplicaTables

_log = logging.getLogger(__name__)

_INSPECT_EVERY = 60.0  # seconds; a column that became narrower would cut values without an error
_SETTING = "STOCKPULSE_REPLICA_URL or STOCKPULSE_REPLICA_PREFIX"
_MARK = 1  # id of the only row


class ReplicaState:
    """The replica's tables, once they are known to be as they should; thread-safe."""

    def __init__(
        self,
        database: Database,
        tables: ReplicaTables,
        owner: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`owner` returns this deployment's owner mark, and may raise StoreUnavailable."""
        self.tables = tables
        self._database = database
        self._ask_owner = owner
        self._owner: str | None = None
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._inspect_at = 0.0

    @property
    def shown(self) -> str:
        """The database in words."""
        return self._database.shown

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, str | None]]:
        """A transaction, and how far the first scan is (None: not begun).

        Raises:
            Refused: the database can never take the values.
            Unavailable: the database cannot be used now, its schema was changed, or it belongs to
                another deployment.

        """
        owner = self._own()
        try:
            with self._database.transaction() as connection:
                if self._is_due():
                    self._inspect(connection)
                yield connection, self._scan(connection, owner)
        except (Refused, Unavailable):
            self._inspect_soon()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; raises Unavailable as `writing`."""
        with self.writing() as (connection, _):
            yield connection

    def save_scan(self, connection: Connection, scan: str) -> None:
        """Save how far the first scan is."""
        mark = self.tables.mark
        connection.execute(update(mark).where(mark.c.id == _MARK).values(scan=scan))

    def _own(self) -> str:
        if self._owner is None:
            try:
                self._owner = self._ask_owner()
            except StoreUnavailable as error:
                raise Unavailable(error.detail) from error
        return self._owner

    def _is_due(self) -> bool:
        with self._lock:
            now = self._monotonic()
            is_due = now >= self._inspect_at
            if is_due:
                self._inspect_at = now + _INSPECT_EVERY
            return is_due

    def _inspect_soon(self) -> None:
        with self._lock:
            self._inspect_at = 0.0

    def _inspect(self, connection: Connection) -> None:
        if create_missing(connection, self.tables):
            _log.info("%s: created the tables of the replica", self.shown)
            return
        if found := list(differences(connection, self.tables)):
            more = f", and {len(found) - 5} more differences" if len(found) > 5 else ""
            raise Unavailable(
                f"{self.shown} has a changed schema: {'; '.join(found[:5])}{more}. Change it back, "
                "or drop the replica's tables to have them made again (docs/use/replica.md)."
            )

    def _scan(self, connection: Connection, owner: str) -> str | None:
        mark = self.tables.mark
        row = connection.execute(
            select(mark.c.owner, mark.c.version, mark.c.scan)
            .where(mark.c.id == _MARK)
            .with_for_update()
        ).one_or_none()
        target = f"The replica in {self.shown[0].lower()}{self.shown[1:]}"
        if not refuse_other(None if row is None else row.owner, owner, target, _SETTING):
            values = {"id": _MARK, "owner": owner, "version": VERSION}
            connection.execute(insert(mark), values)
            return None
        if row is not None and row.version != VERSION:
            raise Unavailable(
                f"{target} was made by another version of Stockpulse (schema {row.version}, not "
                f"{VERSION}). Drop its tables and rewind the sink (docs/use/replica.md)."
            )
        return None if row is None else row.scan
