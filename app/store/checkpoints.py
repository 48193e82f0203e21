"""A checkpoint says up to which record effects are durable; it is written after them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.store.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last record of a shard whose effects are durable, and whether the shard is done."""

    consumer: str
    stream_arn: str
    shard_id: str
    sequence_number: str | None
    finished: bool


class Checkpoints:
    """Positions of one consumer, keyed by stream ARN and shard (FACTS §1.15)."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer

    def load(self, stream_arn: str) -> dict[str, Checkpoint]:
        """This consumer's checkpoints of a stream, by shard id."""
        own = (found for found in self.all() if found.consumer == self._consumer)
        return {found.shard_id: found for found in own if found.stream_arn == stream_arn}

    def save(
        self, stream_arn: str, shard_id: str, sequence_number: str | None, *, finished: bool = False
    ) -> None:
        """Note the position after a batch, or that a shard's last page is durable."""
        position = {} if sequence_number is None else {"SequenceNumber": {"S": sequence_number}}
        with translated():
            self._client.put_item(
                TableName=self._table,
                Item={
                    "Consumer": {"S": self._consumer},
                    "Shard": {"S": f"{stream_arn} {shard_id}"},
                    "Finished": {"BOOL": finished},
                    **position,
                },
            )

    def all(self) -> Iterator[Checkpoint]:
        """Every consumer's checkpoints."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, ConsistentRead=True
        )
        with translated():
            for page in pages:
                for row in page["Items"]:
                    stream_arn, space, shard_id = row["Shard"]["S"].partition(" ")
                    if space:  # other rows hold leases and clocks
                        yield Checkpoint(
                            row["Consumer"]["S"],
                            stream_arn,
                            shard_id,
                            row.get("SequenceNumber", {}).get("S"),
                            bool(row.get("Finished", {}).get("BOOL")),
                        )
