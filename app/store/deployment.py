"""One deployment's tables, how to reach them, and who signs: one object for a process's life."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.item import AttributeNames
from app.store.audit.entry import Signer
from app.store.dynamodb.client import Clients
from app.store.dynamodb.tables import StreamOfTable, TableNames, stream_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONSUMER = "stockpulse"  # whose rows of `StreamCheckpoints` these are


@dataclass(frozen=True)
class Deployment:
    """What every part of a process is built on."""

    clients: Clients
    tables: TableNames
    names: AttributeNames
    signer: Signer

    @property
    def coordination(self) -> tuple["DynamoDBClient", str, str]:
        """What reads and writes rows of `StreamCheckpoints`: client, table and consumer."""
        return self.clients.tables, self.tables.checkpoints, CONSUMER

    def stream(self) -> StreamOfTable:
        """The products table's stream as it is now.

        Raises:
            TableError: the stream is off.

        """
        return stream_of(self.clients.tables, self.tables.products)
