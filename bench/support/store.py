"""An embedded engine with tables and a stream of typical changes, for benchmarks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from app.core.item import DEFAULT_NAMES, Item
from app.core.metadata import Metadata, with_metadata
from app.core.stamps import Stamps
from app.store.dynamodb.aws_session import LOCAL_CREDENTIAL, LOCAL_REGION
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.table_names import TableNames, table_names
from app.store.dynamodb.tables import ensure_tables, stream_of
from app.store.engine import EmbeddedEngine

PRODUCTS = 1_000
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Store:
    """An engine's clients, and the stream of the products table."""

    url: str
    clients: Clients  # with the application's configuration
    bare: Clients  # plain boto3
    names: TableNames
    stream_arn: str
    shard_id: str

    def own_tables(self, prefix: str) -> TableNames:
        """Create new tables with this prefix, but with the same products table and stream."""
        names = table_names(prefix, self.names.products)
        ensure_tables(self.clients.tables, names, DEFAULT_NAMES)
        return names

    def iterator(self, after: str | None = None) -> str:
        """An iterator after a sequence number, or at the oldest record."""
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        answer = self.clients.streams.get_shard_iterator(
            StreamArn=self.stream_arn, ShardId=self.shard_id, **start
        )
        return answer["ShardIterator"]

    def every(self, records: int, count: int) -> list[str | None]:
        """Positions in the stream, `records` apart, from its start."""
        return [None, *self.numbers()[records - 1 : count - 1 : records]]

    def numbers(self) -> list[str]:
        """The sequence numbers of all records so far."""
        iterator, numbers = self.iterator(), []
        while True:
            page = self.clients.streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                return numbers
            iterator = page["NextShardIterator"]
            numbers += [record["dynamodb"]["SequenceNumber"] for record in page["Records"]]


@contextmanager
def store(folder: Path) -> Iterator[Store]:
    """Run a new engine until the block ends."""
    with EmbeddedEngine(folder) as engine:
        clients = connect(engine.url)
        names = table_names("", None)
        ensure_tables(clients.tables, names, DEFAULT_NAMES)
        arn = stream_of(clients.tables, names.products).arn
        described = clients.streams.describe_stream(StreamArn=arn)["StreamDescription"]
        (shard,) = described["Shards"]
        yield Store(engine.url, clients, bare(engine.url), names, arn, shard["ShardId"])


def bare(url: str) -> Clients:
    """Plain boto3; without parameter validation, because the engine's shard ids are short."""
    place: Any = {
        "endpoint_url": url,
        "region_name": LOCAL_REGION,
        "aws_access_key_id": LOCAL_CREDENTIAL,
        "aws_secret_access_key": LOCAL_CREDENTIAL,
        "config": Config(parameter_validation=False),
    }
    return Clients(boto3.client("dynamodb", **place), boto3.client("dynamodbstreams", **place))


STAMPS = Stamps("Products", keys={"bench": b"k" * 32})


def item(change: int) -> dict[str, Any]:
    """A product as it is after a sale over REST, with its signed metadata."""
    version = change // PRODUCTS + 1
    before = None if version == 1 else _unsigned(change - PRODUCTS)
    return dict(STAMPS.signed(before, _product(change), _metadata(change)))


def _unsigned(change: int) -> Item:
    return with_metadata(_product(change), _metadata(change), STAMPS.names)


def _metadata(change: int) -> Metadata:
    return Metadata(
        version=change // PRODUCTS + 1,
        created_at="2026-11-01T08:00:00.000Z",
        updated_at="2026-11-21T08:00:00.000Z",
        actor="local",
        reason="sold",
        request_id=f"{change:032x}",
    )


def _product(change: int) -> dict[str, Any]:
    number = change % PRODUCTS
    return {
        "ProductID": {"S": f"P{number}"},
        "ProductName": {"S": f"Kettle no. {number}"},
        "Category": {"S": "Kitchen"},
        "Price": {"N": "19.9"},
        "Stock": {"N": str(100_000 - change)},
        "ReorderPoint": {"N": "25"},
        "Tags": {"SS": ["blue", "steel"]},
        "Barcode": {"S": "4006381333931"},
    }


def make_changes(store: Store, count: int, threads: int = 4) -> None:
    """Write `count` stock changes, spread over the products."""

    def write(thread: int) -> None:
        for start in range(thread * _BATCH, count, threads * _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            puts: Any = [{"PutRequest": {"Item": item(number)}} for number in numbers]
            store.clients.tables.batch_write_item(RequestItems={store.names.products: puts})

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(threads)))
