"""A checkpoint says up to which record effects are durable; it is written after them.

Its row also says which worker holds the shard (`leases` writes both). What else lies
in the table, under sort keys that begin with `~`, is about the workers themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.store.coordination.sink_row import SinkRow, sink_of
from app.store.coordination.stream_starts import beginning_of
from app.store.coordination.workers import PREFIX, WorkerRow, worker_of
from app.store.dynamodb.reads import get_rows

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ShardKey = tuple[str, str]  # stream ARN, shard id


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last record of a shard whose effects are durable, whether the shard is done, whose it is.

    `owner` is the worker that holds the lease, None where it was let go; `counter` is the number
    of the shard's last take.
    """

    consumer: str
    stream_arn: str
    shard_id: str
    sequence_number: str | None
    finished: bool
    owner: str | None = None
    counter: int = 0
    since: str | None = None  # of the owner's take

    @property
    def position(self) -> int:
        """The sequence number to compare by; 0 before the first record."""
        return int(self.sequence_number or 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """One consumer's rows as they were at one moment."""

    checkpoints: Mapping[ShardKey, Checkpoint]
    workers: Mapping[str, WorkerRow]
    beginnings: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by stream ARN
    sinks: Mapping[str, SinkRow] = field(default_factory=dict)


class Checkpoints:
    """Positions of one consumer, keyed by stream ARN and shard (FACTS §1.15)."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer

    def rows(self) -> Rows:
        """All of this consumer's rows, read consistently.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        found_rows = get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression="Consumer = :consumer",
            ExpressionAttributeValues={":consumer": {"S": self._consumer}},
        )
        checkpoints: dict[ShardKey, Checkpoint] = {}
        workers: dict[str, WorkerRow] = {}
        beginnings: dict[str, frozenset[str]] = {}
        sinks: dict[str, SinkRow] = {}
        for row in found_rows:
            if (worker := worker_of(row)) is not None:
                workers[worker.owner] = worker
            elif (begun := beginning_of(row)) is not None:
                beginnings[begun[0]] = begun[1]
            elif (sink := sink_of(row)) is not None:
                sinks[sink.name] = sink
            elif (found := checkpoint_of(row)) is not None:
                checkpoints[found.stream_arn, found.shard_id] = found
        return Rows(checkpoints, workers, beginnings, sinks)

    def all(self) -> Iterator[Checkpoint]:
        """Every consumer's checkpoints."""
        rows = get_rows(self._client, "scan", self._table)
        return (found for row in rows if (found := checkpoint_of(row)))


def checkpoint_of(row: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint that a row of the table holds; None for a row of another kind."""
    sort_key = row["Shard"]["S"]
    if sort_key.startswith(PREFIX) or " " not in sort_key:
        return None
    return leased(row)


def leased(row: Mapping[str, Any]) -> Checkpoint:
    """The row of whatever is leased: a shard, or a sink (in whose place of an ARN is `~sink`)."""
    stream_arn, _, shard_id = row["Shard"]["S"].partition(" ")
    return Checkpoint(
        row["Consumer"]["S"],
        stream_arn,
        shard_id,
        row.get("SequenceNumber", {}).get("S"),
        bool(row.get("Finished", {}).get("BOOL")),
        row.get("Owner", {}).get("S"),
        int(row.get("Counter", {}).get("N", "0")),
        row.get("Since", {}).get("S"),
    )


def table_of(stream_arn: str) -> str:
    """The name of the table that a stream is of."""
    return stream_arn.rpartition("/stream/")[0].rpartition("/")[2]


def label_of(stream_arn: str) -> str:
    """When the stream was switched on: labels of one table sort by time."""
    return stream_arn.rpartition("/")[2]
