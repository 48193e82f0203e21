"""The tables of the replica. A change of them needs a new `VERSION`: older replicas are rebuilt."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text

from worker.sinks.replica.column_types import Document, Exact, Instant, Key

VERSION = 1


@dataclass(frozen=True, slots=True)
class ReplicaTables:
    """The tables of one replica.

    `event_key` of a product is that of the newest event applied to it, empty for a scanned item.
    `removed` has the keys of deleted products that have no row, so that a late repeat of an earlier
    event does not bring them back. `mark` has one row: whose replica this is, its version, and how
    far the first scan is.
    """

    metadata: MetaData
    products: Table
    events: Table
    removed: Table
    mark: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """All tables."""
        return (self.mark, self.products, self.events, self.removed)


def replica_tables(prefix: str) -> ReplicaTables:
    """The tables whose names begin with `prefix`."""
    metadata = MetaData()
    return ReplicaTables(
        metadata,
        products=Table(
            f"{prefix}products",
            metadata,
            Column("product_id", Key, primary_key=True),
            Column("event_key", Key, nullable=False),
            Column("name", Text),
            Column("stock", Exact),
            Column("category", Text),
            Column("price", Exact),
            Column("reorder_point", Exact),
            Column("tags", Document),
            Column("barcode", Text),
            Column("no_reorder", Boolean),
            Column("unit", Text),
            Column("attributes", Document),
            Column("version", BigInteger),
            Column("created_at", Instant),
            Column("updated_at", Instant),
            Column("deleted_at", Instant),
        ),
        events=Table(
            f"{prefix}events",
            metadata,
            Column("product_id", Key, primary_key=True),
            Column("event_key", Key, primary_key=True),
            Column("id", Text, nullable=False),
            Column("kind", Text, nullable=False),
            Column("occurred_at", Instant, nullable=False, index=True),
            Column("product_name", Text),
            Column("category", Text),
            Column("unit", Text),
            Column("stock_before", Exact),
            Column("stock_after", Exact),
            Column("delta", Exact),
            Column("actor", Text),
            Column("reason", Text),
            Column("note", Text),
            Column("reference", Text),
            Column("request_id", Text),
            Column("reverses", Text),
            Column("changed", Document),
            Column("before", Document),
            Column("after", Document),
            Column("images_omitted", Boolean, nullable=False),
            Column("event_name", Text, nullable=False),
            Column("sequence_number", Text, nullable=False),
            Column("view_type", Text, nullable=False),
        ),
        removed=Table(
            f"{prefix}removed",
            metadata,
            Column("product_id", Key, primary_key=True),
            Column("event_key", Key, nullable=False),
            Column("deleted_at", Instant),
        ),
        mark=Table(
            f"{prefix}replica",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("owner", Text, nullable=False),
            Column("version", Integer, nullable=False),
            Column("scan", Text),
        ),
    )
