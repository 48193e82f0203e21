"""Each worker writes a heartbeat row; one row records which kind of host reads the stream.

The reader of the rows decides when an unchanged counter means a dead worker
(`worker.leasing.assignment`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.core.errors import ConditionFailed
from app.store.coordination.shard_state import ShardState, states_of
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "~"  # sort keys with this prefix do not belong to shards
_WORKER, _HOST = "~worker ", "~host"

Broker = Literal["in-process", "redis"]
HostKind = Literal["worker", "lambda"]


class OwnerRefused(Exception):
    """Another owner or another kind of host reads the stream; the message says what to change."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker's heartbeat row.

    `owner` is unique to a process life. `folder` is the data folder whose lock the worker holds.
    `ready` is False while it checks whether it may start. `status` is for the System page, as JSON.
    """

    owner: str
    counter: int
    broker: Broker | None
    since: str | None
    folder: str | None = None
    ready: bool = True
    status: str = ""

    @property
    def shards(self) -> list[ShardState]:
        """The shards that it reads, from its last report."""
        return states_of(self.status)


def worker_of(row: Mapping[str, Any]) -> WorkerRow | None:
    """The worker in a row of the table; None for another kind of row."""
    sort_key = row["Shard"]["S"]
    if not sort_key.startswith(_WORKER):
        return None
    return WorkerRow(
        owner=sort_key.removeprefix(_WORKER),
        counter=int(row.get("Counter", {}).get("N", 0)),
        broker=row.get("Broker", {}).get("S"),
        since=row.get("Since", {}).get("S"),
        folder=row.get("DataFolder", {}).get("S"),
        ready=bool(row.get("Ready", {}).get("BOOL", True)),
        status=row.get("Status", {}).get("S", ""),
    )


def host_of(row: Mapping[str, Any]) -> str | None:
    """The kind of host in a row of the table; None for another kind of row."""
    kind: str | None = row.get("Kind", {}).get("S")
    return kind if row["Shard"]["S"] == _HOST else None


class Workers:
    """The rows about one consumer's workers."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer

    def put(self, worker: WorkerRow) -> None:
        """Write the worker's heartbeat row; the call can be repeated."""
        folder = {} if worker.folder is None else {"DataFolder": {"S": worker.folder}}
        with translated():
            self._client.put_item(
                TableName=self._table,
                Item={
                    **self._key(_WORKER + worker.owner),
                    "Counter": {"N": str(worker.counter)},
                    "Kind": {"S": "worker"},
                    "Broker": {"S": worker.broker or ""},
                    "Since": {"S": worker.since or ""},
                    "Ready": {"BOOL": worker.ready},
                    "Status": {"S": worker.status},
                    **folder,
                },
            )

    def remove(self, owner: str) -> None:
        """Delete the row of a worker that has ended normally."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=self._key(_WORKER + owner))

    def delete_dead(self, worker: WorkerRow) -> None:
        """Delete a dead worker's row, unless it has sent a heartbeat since."""
        try:
            with translated():
                self._client.delete_item(
                    TableName=self._table,
                    Key=self._key(_WORKER + worker.owner),
                    ConditionExpression="#counter = :counter",
                    ExpressionAttributeNames={"#counter": "Counter"},
                    ExpressionAttributeValues={":counter": {"N": str(worker.counter)}},
                )
        except ConditionFailed:
            pass

    def gone(self, owner: str) -> dict[str, Any]:
        """A `TransactWriteItems` action that fails if the worker has a heartbeat row."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key(_WORKER + owner),
                "ConditionExpression": "attribute_not_exists(Consumer)",
            }
        }

    def claim_host(self, kind: HostKind) -> None:
        """Record that hosts of this kind read the stream, if none is recorded yet.

        Raises:
            OwnerRefused: the other kind is recorded.
            StoreUnavailable: the row cannot be written now.

        """
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item={**self._key(_HOST), "Kind": {"S": kind}},
                    ConditionExpression="attribute_not_exists(#kind) OR #kind = :kind",
                    ExpressionAttributeNames={"#kind": "Kind"},
                    ExpressionAttributeValues={":kind": {"S": kind}},
                )
        except ConditionFailed:
            other = "Lambda" if kind == "worker" else "a worker process"
            raise OwnerRefused(
                f"the stream is already read by {other}, and two kinds of host would publish every "
                f"change twice: stop that one, then run `stockpulse init --host {kind}`"
            ) from None

    def host(self) -> str | None:
        """The kind of host that reads the stream, if one is recorded.

        Raises:
            StoreUnavailable: the row cannot be read now.

        """
        with translated():
            answer = self._client.get_item(TableName=self._table, Key=self._key(_HOST))
        return answer.get("Item", {}).get("Kind", {}).get("S")

    def set_host(self, kind: HostKind) -> None:
        """Record that hosts of this kind read the stream from now on."""
        with translated():
            self._client.put_item(
                TableName=self._table, Item={**self._key(_HOST), "Kind": {"S": kind}}
            )

    def _key(self, sort_key: str) -> dict[str, Any]:
        return {"Consumer": {"S": self._consumer}, "Shard": {"S": sort_key}}
