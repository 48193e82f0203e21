"""Every key id that ever signed is listed, so that a process without one of them says so at once.

Ids only, never keys. An entry whose key is nowhere known can be read, but no longer verified.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from app.store.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARD = "~keys"


class AuditKeyIDs:
    """The row of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}

    def register(self, signing: str, known: Collection[str]) -> set[str]:
        """List the id of the key that signs here; the listed ids that are not known here.

        Raises:
            StoreUnavailable: it is not listed; call again.

        """
        listed = self._listed()
        if signing not in listed:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key,
                    UpdateExpression="ADD KeyIDs :id",
                    ExpressionAttributeValues={":id": {"SS": [signing]}},
                )
        return listed - {signing, *known}

    def _listed(self) -> set[str]:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        return set(answer.get("Item", {}).get("KeyIDs", {}).get("SS", []))
