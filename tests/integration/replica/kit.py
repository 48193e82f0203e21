"""A replica of a shop's tables, read and changed as somebody else would."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine, text

from app.config.signing import signer_of
from app.store.deployment import Deployment
from app.store.dynamodb.client import Clients
from tests.integration.consumers.kit import Shop
from worker.consumers.sink import Sink
from worker.sinks.replica.database import Database
from worker.sinks.replica.replica import Replica

PREFIX = "stockpulse_"


class Replicated:
    """A shop and the database of its replica; a context manager."""

    def __init__(self, shop: Shop, url: str) -> None:
        self.shop = shop
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()
        self._engine.dispose()

    @property
    def deployment(self) -> Deployment:
        settings = self.shop.settings
        clients = Clients(self.shop.client, self.shop.client)
        return Deployment(clients, self.shop.names, settings.attributes, signer_of(settings))

    def replica(self, url: str | None = None, seconds: float = 5.0, **options: Any) -> Replica:
        """A replica as a worker's process has it, in this database or another."""
        database = self._opened.enter_context(closing(Database(url or self.url, seconds)))
        return Replica(self.deployment, database, PREFIX, **options)

    def sink(self, **options: Any) -> Sink:
        """The sink of a replica."""
        return self.replica(**options).sink()

    def execute(self, sql: str, **values: Any) -> Sequence[Any]:
        """Execute a statement; returns its rows."""
        with self._engine.begin() as connection:
            result = connection.execute(text(sql), values)
            return result.all() if result.returns_rows else []

    def reconnect(self) -> None:
        """Close the connections of a server that has ended."""
        self._engine.dispose()

    def products(self, columns: str = "product_id, stock") -> list[tuple[Any, ...]]:
        """Columns of the products that the replica shows, by id."""
        rows = self.execute(f"SELECT {columns} FROM stockpulse_products ORDER BY product_id")
        return [tuple(row) for row in rows]


def checked(sink: Sink) -> list[str]:
    """The differences that the sink's check names."""
    assert sink.check is not None
    return [sentence for sentence in sink.check() if sentence]
