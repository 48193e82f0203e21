"""Reads the log of alerts' changes of state: rows of kind `alert-transition`, for 90 days."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.store.access.settings_rows import row_key
from app.store.alerts.alert_rows import TRANSITION, Row
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import newest_first

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TransitionLog:
    """The changes of alerts, each a row whose id begins with the ms of its write.

    Rows of different processes can become visible some seconds out of order.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def newest(self, since_ms: int, limit: int) -> list[Row]:
        """Up to `limit` rows that were written since then, newest first.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        rows, _ = newest_first(self._client, self._table, ("Kind", TRANSITION), "ID", limit)
        return [row for row in rows if row["ID"]["S"] >= f"{since_ms:013d}"]

    def after(self, place: str, limit: int) -> tuple[list[Row], bool]:
        """Up to `limit` rows after a place (an id, or its beginning), oldest first.

        Also returns whether there may be more. Raises as `newest`.
        """
        with translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="Kind = :kind AND ID > :place",
                ExpressionAttributeValues={":kind": {"S": TRANSITION}, ":place": {"S": place}},
                ConsistentRead=True,
                Limit=limit,
            )
        return list(answer["Items"]), "LastEvaluatedKey" in answer

    def some(self, identifiers: Sequence[str]) -> dict[str, Row]:
        """Those of these rows that exist and are not older than 90 days. Raises as `newest`."""
        keys = [row_key(TRANSITION, one) for one in dict.fromkeys(identifiers)]
        return {row["ID"]["S"]: row for row in get_all(self._client, self._table, keys)}
