"""A schema that somebody changed is reported in words, and nothing is written until it is right.

More columns that may be empty, more indexes and views do no harm.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Dialect, Table, inspect
from sqlalchemy.types import NullType

from worker.sinks.replica.replica_tables import ReplicaTables


def create_missing(connection: Connection, tables: ReplicaTables) -> bool:
    """Create the tables if there is none of them; returns whether they were created."""
    there = set(inspect(connection).get_table_names())
    if any(table.name in there for table in tables.all):
        return False
    tables.metadata.create_all(connection, checkfirst=False)
    return True


def differences(connection: Connection, tables: ReplicaTables) -> Iterator[str]:
    """What somebody changed of the tables, a clause for each difference."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    for table in tables.all:
        if table.name not in there:
            yield f"the table {table.name} is missing"
            continue
        found = {column["name"]: column for column in inspector.get_columns(table.name)}
        yield from _differences(table, found, connection.dialect)
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        expected = [column.name for column in table.primary_key]
        if sorted(key) != sorted(expected):
            yield f"the primary key of {table.name} is not {', '.join(expected)}"


def _differences(table: Table, found: dict[str, Any], dialect: Dialect) -> Iterator[str]:
    for column in table.columns:
        name, other = f"{table.name}.{column.name}", found.get(column.name)
        if other is None:
            yield f"the column {name} is missing"
        elif (is_now := _words(other["type"], dialect)) != (was := _words(column.type, dialect)):
            yield f"the column {name} is {is_now} instead of {was}"
        elif column.nullable and not other["nullable"]:
            yield f"the column {name} may not be empty any more"
    for name, other in found.items():
        optional = other["nullable"] or other["default"] is not None or other.get("identity")
        if name not in table.columns and not optional and not other.get("computed"):
            yield f"the column {table.name}.{name} was added, and may not be empty"


def _words(kind: Any, dialect: Dialect) -> str:
    """A type as SQL has it; names with `BLOB` are found as no type on SQLite."""
    return "DECIMAL_BLOB" if isinstance(kind, NullType) else str(kind.compile(dialect=dialect))
