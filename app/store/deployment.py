"""A deployment's clients, table names and signing key travel as one object per process."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.item import AttributeNames
from app.core.stamps import Stamps
from app.store.audit.entry import Signer
from app.store.dynamodb.client import Clients
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import StreamOfTable, stream_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONSUMER = "stockpulse"  # partition key of this application's rows in `StreamCheckpoints`


@dataclass(frozen=True)
class Deployment:
    """The clients, tables, attribute names and signer that every part of a process uses."""

    clients: Clients
    tables: TableNames
    names: AttributeNames
    signer: Signer

    @property
    def coordination(self) -> tuple["DynamoDBClient", str, str]:
        """Client, table and consumer: the arguments for access to `StreamCheckpoints`."""
        return self.clients.tables, self.tables.checkpoints, CONSUMER

    @property
    def stamps(self) -> Stamps:
        """Signs the products' stamps, and verifies them in stream records."""
        return Stamps(self.tables.products, self.names, self.signer.keys)

    def stream(self) -> StreamOfTable:
        """The current stream of the products table.

        Raises:
            TableError: the stream is off.

        """
        return stream_of(self.clients.tables, self.tables.products)
