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

    @property
    def position(self) -> int:
        """The sequence number to compare by; 0 before the first record."""
        return int(self.sequence_number or 0)


class Checkpoints:
    """Positions of one consumer, keyed by stream ARN and shard (FACTS §1.15)."""

    def __init__(
        self, client: "DynamoDBClient", table: str, consumer: str, *, one_log: bool = False
    ) -> None:
        """`one_log`: the engine goes on with one log when a stream is made anew (FACTS §2)."""
        self._client = client
        self._table = table
        self._consumer = consumer
        self._one_log = one_log

    def load(self, stream_arn: str) -> dict[str, Checkpoint]:
        """This consumer's checkpoints of a stream, by shard id.

        Where all streams of a table are one log, that is each shard's furthest position under
        any of their ARNs: a new ARN serves the old records again.
        """
        by_shard: dict[str, Checkpoint] = {}
        for found in self.all():
            if found.consumer != self._consumer:
                continue
            if found.stream_arn == stream_arn or (
                self._one_log and _table_of(found.stream_arn) == _table_of(stream_arn)
            ):
                known = by_shard.get(found.shard_id)
                if known is None or found.position > known.position:
                    by_shard[found.shard_id] = found
        return by_shard

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


def _table_of(stream_arn: str) -> str:
    return stream_arn.rpartition("/stream/")[0]
