"""What a worker works on: one deployment's tables, the stream of its products, its own rows."""

from collections.abc import Callable
from dataclasses import dataclass

from app.item import AttributeNames
from app.store.client import Clients
from app.store.tables import StreamOfTable, TableNames, stream_of

CONSUMER = "stockpulse"


@dataclass(frozen=True, slots=True)
class Source:
    """The tables, how to reach them, and what the products' attributes are called."""

    clients: Clients
    tables: TableNames
    names: AttributeNames
    find_stream: Callable[[], StreamOfTable]


def source_of(clients: Clients, tables: TableNames, names: AttributeNames) -> Source:
    """The source whose stream is the one that the products table has now."""
    return Source(clients, tables, names, lambda: stream_of(clients.tables, tables.products))
