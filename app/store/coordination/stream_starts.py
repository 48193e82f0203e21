"""Shards that were already gone when a stream was first read are recorded, so later losses show.

Each stream has one row: the shards that were named as parents but were no longer listed. They are
not a gap, because reading had not begun; a shard that disappears later is one. If several workers
start together, the first writes the row and all use it.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.coordination.workers import PREFIX
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEGUN = f"{PREFIX}begun "

# Fits into an item with room to spare. Shards beyond the limit are reported as a gap although they
# are none: an unnecessary reconciliation is better than an unreported loss.
LIMIT = 4_000


def stream_start_of(row: Mapping[str, Any]) -> tuple[str, frozenset[str]] | None:
    """The stream ARN and the missing shards in a row of the table; None for another kind of row."""
    sort_key = row["Shard"]["S"]
    if not sort_key.startswith(_BEGUN):
        return None
    gone = frozenset(shard_id["S"] for shard_id in row["Gone"]["L"])
    return sort_key.removeprefix(_BEGUN), gone


class StreamStarts:
    """The rows of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer

    def note(self, stream_arn: str, gone: Collection[str]) -> bool:
        """Record the shards that are gone as reading begins; False if that was recorded before.

        Raises:
            StoreUnavailable: it may or may not be recorded; read the row again.

        """
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        **self._key(stream_arn),
                        "Gone": {"L": [{"S": shard_id} for shard_id in sorted(gone)[:LIMIT]]},
                    },
                    ConditionExpression="attribute_not_exists(Consumer)",
                )
        except ConditionFailed:
            return False
        return True

    def forget(self, stream_arn: str) -> None:
        """Delete the row of a stream that is no longer read."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=self._key(stream_arn))

    def _key(self, stream_arn: str) -> dict[str, Any]:
        return {"Consumer": {"S": self._consumer}, "Shard": {"S": _BEGUN + stream_arn}}
