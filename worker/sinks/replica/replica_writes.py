"""Rows are written only over rows with an older event key, so repeats and late events do no harm.

The caller's transaction holds the lock of the mark, so no other one writes between two statements.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.sinks.replica.replica_rows import Row, Rows
from worker.sinks.replica.replica_tables import ReplicaTables


class ReplicaWrites:
    """The statements of one replica; `keeps_deleted`: deleted products keep their rows, marked."""

    def __init__(self, tables: ReplicaTables, *, is_sqlite: bool, keeps_deleted: bool) -> None:
        self._keeps_deleted = keeps_deleted
        self._insert: Callable[[Table], Any] = sqlite.insert if is_sqlite else postgresql.insert
        products, removed = tables.products, tables.removed
        self._event = self._upsert(tables.events)
        self._product = self._upsert(products)
        marked = ("product_id", "event_key", "deleted_at")
        self._mark = self._upsert(products, marked)
        self._guard = self._upsert(removed)
        self._guards = select(removed.c.product_id, removed.c.event_key).where(
            removed.c.product_id.in_(bindparam("ids", expanding=True))
        )
        self._remove = delete(products).where(
            products.c.product_id == bindparam("id"), products.c.event_key <= bindparam("key")
        )
        self._unguard = delete(removed).where(removed.c.product_id == bindparam("id"))

    def write(self, connection: Connection, rows: Rows) -> None:
        """Write a batch; each product and each event is in it once.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, UnicodeEncodeError, OverflowError: nothing is written.

        """
        if rows.events:
            connection.execute(self._event, rows.events)
        self.put(connection, rows.products)
        if not rows.deleted:
            return
        if self._keeps_deleted:
            # First the marks, for rows that are there and whose last image the event does not show.
            connection.execute(self._mark, rows.deleted)
            if rows.images:
                connection.execute(self._product, rows.images)
            return
        keys = [{"id": row["product_id"], "key": row["event_key"]} for row in rows.deleted]
        connection.execute(self._remove, keys)
        connection.execute(self._guard, rows.deleted)

    def put(self, connection: Connection, products: Sequence[Row]) -> None:
        """Set rows of products, except those that are older than what is known; as `write`."""
        if not products:
            return
        ids = [row["product_id"] for row in products]
        guards = {row[0]: row[1] for row in connection.execute(self._guards, {"ids": ids})}
        new = [row for row in products if row["event_key"] >= guards.get(row["product_id"], "")]
        if new:
            connection.execute(self._product, new)
        if back := [row["product_id"] for row in new if row["product_id"] in guards]:
            connection.execute(self._unguard, [{"id": product_id} for product_id in back])

    def _upsert(self, table: Table, names: Sequence[str] | None = None) -> Any:
        """Insert a row, or set it unless it has a greater event key. An equal key sets it again.

        So a replay repairs what somebody changed here.
        """
        keys = [column.name for column in table.primary_key]
        columns = names or [column.name for column in table.columns]
        insert = self._insert(table).values({name: bindparam(name) for name in columns})
        return insert.on_conflict_do_update(
            index_elements=keys,
            set_={name: insert.excluded[name] for name in columns if name not in keys},
            where=insert.excluded.event_key >= table.c.event_key,
        )
