"""A checkpoint names the last record whose effects are durable, and is written after them.

Its row also holds the shard's lease (`leases` writes both). Rows whose sort keys begin with `~`
are about workers, hosts, sinks and streams.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.store.coordination.reconcile_requests import SHARD as COMPARISON
from app.store.coordination.reconcile_requests import State as Comparison
from app.store.coordination.reconcile_requests import state_of
from app.store.coordination.sink_row import SinkRow, sink_of
from app.store.coordination.stream_starts import stream_start_of
from app.store.coordination.workers import PREFIX, WorkerRow, worker_of
from app.store.dynamodb.reads import get_rows

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ShardKey = tuple[str, str]  # stream ARN, shard id


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A shard's last durable record, whether the shard is finished, and its lease.

    `owner` is the worker that holds the lease, None if it was released. `counter` counts how often
    the lease was taken.
    """

    consumer: str
    stream_arn: str
    shard_id: str
    sequence_number: str | None
    finished: bool
    owner: str | None = None
    counter: int = 0
    since: str | None = None  # when the owner took the lease

    @property
    def position(self) -> int:
        """The sequence number as an integer, for comparisons; 0 before the first record."""
        return int(self.sequence_number or 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """One consumer's rows, from one read."""

    checkpoints: Mapping[ShardKey, Checkpoint]
    workers: Mapping[str, WorkerRow]
    stream_starts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by stream ARN
    sinks: Mapping[str, SinkRow] = field(default_factory=dict)
    comparison: Comparison = field(default_factory=Comparison)


class Checkpoints:
    """Positions of one consumer, keyed by stream ARN and shard (stream fact 15)."""

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
        stream_starts: dict[str, frozenset[str]] = {}
        sinks: dict[str, SinkRow] = {}
        comparison = Comparison()
        for row in found_rows:
            if (worker := worker_of(row)) is not None:
                workers[worker.owner] = worker
            elif (begun := stream_start_of(row)) is not None:
                stream_starts[begun[0]] = begun[1]
            elif (sink := sink_of(row)) is not None:
                sinks[sink.name] = sink
            elif row["Shard"]["S"] == COMPARISON:
                comparison = state_of(row)
            elif (found := checkpoint_of(row)) is not None:
                checkpoints[found.stream_arn, found.shard_id] = found
        return Rows(checkpoints, workers, stream_starts, sinks, comparison)

    def all(self) -> Iterator[Checkpoint]:
        """Every consumer's checkpoints."""
        rows = get_rows(self._client, "scan", self._table)
        return (found for row in rows if (found := checkpoint_of(row)))


def checkpoint_of(row: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint in a row of the table; None for another kind of row."""
    sort_key = row["Shard"]["S"]
    if sort_key.startswith(PREFIX) or " " not in sort_key:
        return None
    return leased(row)


def leased(row: Mapping[str, Any]) -> Checkpoint:
    """The row of a leased shard or sink; a sink has `~sink` in place of a stream ARN."""
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
    """The name of the table that a stream belongs to."""
    return stream_arn.rpartition("/stream/")[0].rpartition("/")[2]


def label_of(stream_arn: str) -> str:
    """The stream's label: the time when it was enabled, so labels of one table sort by time."""
    return stream_arn.rpartition("/")[2]
