"""What a stream had lost already when its reading began is noted once, so that later losses show.

One row a stream, beside the checkpoints: the shards that were named as parents and were not there
any more. They are no gap, for nothing was promised before; whatever vanishes later is one. The
first of several workers that start together writes the row, and all go by it.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.coordination.workers import PREFIX
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEGUN = f"{PREFIX}begun "

# What an item holds with room to spare. A stream that had more is told as a gap though it is none:
# rather a comparison too many than a loss too few.
LIMIT = 4_000


def beginning_of(row: Mapping[str, Any]) -> tuple[str, frozenset[str]] | None:
    """The stream that a row of the table is about, and what was gone; None for another row."""
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
        """Note what is gone as reading begins; False where that was noted before.

        Raises:
            StoreUnavailable: it may or may not be noted; look again.

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
        """Remove the row of a stream that was left behind for good."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=self._key(stream_arn))

    def _key(self, stream_arn: str) -> dict[str, Any]:
        return {"Consumer": {"S": self._consumer}, "Shard": {"S": _BEGUN + stream_arn}}
