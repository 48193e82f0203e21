"""The bare calls between a write and its event that no design can avoid, timed one by one."""

import multiprocessing
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from app.core.item import DEFAULT_NAMES
from app.store.audit.entry import Signer
from app.store.dynamodb.client import Clients
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables, stream_of
from bench.support.bare_api import metadata
from bench.support.store import item
from worker.stream.decode import decode

UPDATE = "SET Stock = :new, Stockpulse = :metadata"
REQUEST, EVENT = b"r" * 300, b"e" * 1_300  # about as large as a request and an event's frame


class RawTrips:
    """One product's write and what follows it, in plain boto3 on separate tables."""

    def __init__(self, clients: Clients, echo: socket.socket) -> None:
        self._tables, self._streams, self._echo = clients.tables, clients.streams, echo
        self._names = table_names("floor-", None)
        ensure_tables(self._tables, self._names, DEFAULT_NAMES)
        self._arn = stream_of(self._tables, self._names.products).arn
        described = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]
        self._signer = Signer("bench", b"k" * 32)
        self._item = item(0)
        self._tables.put_item(TableName=self._names.products, Item=self._item)
        self._iterator = self._streams.get_shard_iterator(
            StreamArn=self._arn,
            ShardId=described["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        self._read()
        self._writes = 0

    def once(self) -> dict[str, float]:
        """Milliseconds of each call for one write."""
        took = {"get": _ms(self._get), "write": _ms(self._write)}
        begun = time.perf_counter()
        (record,) = self._read()
        took["get_records"] = (time.perf_counter() - begun) * 1000
        rows = self._rows(record)
        took["audit_and_feed"] = _ms(lambda: self._tables.batch_write_item(RequestItems=rows))
        took["loopback"] = _ms(self._exchange)
        return took

    def _get(self) -> None:
        self._tables.get_item(
            TableName=self._names.products,
            Key={"ProductID": self._item["ProductID"]},
            ConsistentRead=True,
        )

    def _write(self) -> None:
        self._writes += 1
        old, new = self._item["Stock"], {"N": str(100_000 - self._writes)}
        self._tables.transact_write_items(
            ClientRequestToken=uuid.uuid4().hex,
            TransactItems=[
                {
                    "Update": {
                        "TableName": self._names.products,
                        "Key": {"ProductID": self._item["ProductID"]},
                        "UpdateExpression": UPDATE,
                        "ConditionExpression": "attribute_exists(ProductID) AND Stock = :old",
                        "ExpressionAttributeValues": {
                            ":old": old,
                            ":new": new,
                            ":metadata": metadata("sold"),
                        },
                    }
                }
            ],
        )
        self._item["Stock"] = new

    def _read(self) -> list[Any]:
        page = self._streams.get_records(ShardIterator=self._iterator)
        self._iterator = page["NextShardIterator"]
        return page["Records"]

    def _rows(self, record: Any) -> dict[str, Any]:
        """The audit entry and feed row of this write, made before the timer starts."""
        event = decode(record, self._arn)
        feed = {
            "Day": {"S": "2026-11-21"},
            "Cursor": {"S": f"{self._writes:013d}-00000000-000"},
            "Events": {"L": [{"L": [{"S": event.product_id}, {"S": event.event_key}]}]},
        }
        entry = self._signer.entry(event)
        return {
            self._names.audit: [{"PutRequest": {"Item": entry}}],
            self._names.feed: [{"PutRequest": {"Item": feed}}],
        }

    def _exchange(self) -> None:
        self._echo.sendall(REQUEST)
        left = len(EVENT)
        while left:
            left -= len(self._echo.recv(left))


@contextmanager
def echo() -> Iterator[socket.socket]:
    """A connection to another process that answers each request with an event's bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(
            target=_answer, args=(listener,), daemon=True
        )
        process.start()
        with socket.create_connection(listener.getsockname()) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection
        process.join(5)


def _answer(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(len(REQUEST), socket.MSG_WAITALL):
            connection.sendall(EVENT)


def _ms(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000
