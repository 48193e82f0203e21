"""A stub of DynamoDB Streams with the shards and faults that a test sets; the tables are real."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from app.store.dynamodb.table_names import TableError
from app.store.dynamodb.tables import StreamOfTable
from tests.support.builders import an_item, as_boto3, inserted

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/{}/stream/{}"


def fault(code: str) -> ClientError:
    """The error that boto3 raises for an error response."""
    return ClientError({"Error": {"Code": code, "Message": "injected"}}, "Stub")


@dataclass
class StubShard:
    """One shard, with its records in ascending order."""

    id: str
    parent: str | None = None
    records: list[Any] = field(default_factory=list)
    closed: bool = False
    gone: bool = False


@dataclass
class StubStreams:
    """The service, with boto3's method names.

    `faults` are raised by the next calls of an operation, in order.
    """

    table: str = "Products"
    page: int = 1000
    listing: int = 100
    streams: dict[str, dict[str, StubShard]] = field(default_factory=dict)
    current: str | None = None
    status: str = "DISABLED"  # of streams that are not current
    faults: dict[str, list[ClientError | None]] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    _number: int = 0

    def new_stream(self, label: str) -> str:
        """Replace the current stream with a new one; the old stream's shards are closed."""
        for shard in self.streams.get(self.current or "", {}).values():
            shard.closed = True
        self.current = ARN.format(self.table, label)
        self.streams[self.current] = {}
        return self.current

    def switch_off(self) -> None:
        """Disable the table's stream."""
        for shard in self.streams[self.current or ""].values():
            shard.closed = True
        self.current = None

    def add(self, *shards: StubShard) -> None:
        """Add shards to the current stream."""
        self.streams[self.current or ""].update({shard.id: shard for shard in shards})

    def put(self, shard_id: str, *products: str) -> None:
        """Append a record for each product to a shard of the current stream."""
        for product in products:
            self._number += 1
            item = an_item(product, ProductName=product, Stock=self._number)
            record = as_boto3(inserted(item, sequence_number=str(10**20 + self._number)))
            self.streams[self.current or ""][shard_id].records.append(record)

    def find(self) -> StreamOfTable:
        """The table's stream; raises TableError if it is off."""
        if self.current is None:
            raise TableError("the stream is off")
        return StreamOfTable(self.current, "NEW_AND_OLD_IMAGES")

    def list_streams(self, **_: Any) -> Any:
        self._called("list_streams", None)
        return {"Streams": [{"StreamArn": arn} for arn in self.streams]}

    def describe_stream(self, StreamArn: str, ExclusiveStartShardId: str = "") -> Any:  # noqa: N803
        self._called("describe_stream", StreamArn)
        if StreamArn not in self.streams:
            raise fault("ResourceNotFoundException")
        listed = [shard for shard in self.streams[StreamArn].values() if not shard.gone]
        ids = [shard.id for shard in listed]
        start = ids.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        page = listed[start : start + self.listing]
        more = {"LastEvaluatedShardId": page[-1].id} if start + len(page) < len(listed) else {}
        shown = [
            {"ShardId": shard.id} | ({"ParentShardId": shard.parent} if shard.parent else {})
            for shard in page
        ]
        status = "ENABLED" if StreamArn == self.current else self.status
        return {"StreamDescription": {"Shards": shown, "StreamStatus": status, **more}}

    def get_shard_iterator(
        self,
        StreamArn: str,  # noqa: N803
        ShardId: str,  # noqa: N803
        ShardIteratorType: str,  # noqa: N803
        SequenceNumber: str = "0",  # noqa: N803
    ) -> Any:
        self._called("get_shard_iterator", (ShardId, ShardIteratorType, SequenceNumber))
        shard = self._shard(StreamArn, ShardId)
        after = int(SequenceNumber)
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in shard.records]
        index = sum(number <= after for number in numbers)
        return {"ShardIterator": f"{StreamArn} {ShardId} {index}"}

    def get_records(self, ShardIterator: str, Limit: int) -> Any:  # noqa: N803
        arn, shard_id, start = ShardIterator.split(" ")
        self._called("get_records", shard_id)
        shard = self._shard(arn, shard_id)
        closed = shard.closed
        end = int(start) + min(Limit, self.page)
        records = shard.records[int(start) : end]
        over = closed and int(start) + len(records) >= len(shard.records)
        following = f"{arn} {shard_id} {int(start) + len(records)}"
        return {"Records": records} | ({} if over else {"NextShardIterator": following})

    def of(self, operation: str) -> Iterator[Any]:
        """The arguments of each call of an operation."""
        return (what for name, what in list(self.calls) if name == operation)

    def _shard(self, arn: str, shard_id: str) -> StubShard:
        shard = self.streams.get(arn, {}).get(shard_id)
        if shard is None or shard.gone:
            raise fault("ResourceNotFoundException")
        return shard

    def _called(self, operation: str, what: Any) -> None:
        self.calls.append((operation, what))
        waiting = self.faults.get(operation)
        if waiting and (error := waiting.pop(0)) is not None:
            raise error
