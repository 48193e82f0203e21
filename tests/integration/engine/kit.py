"""Helpers of the engine's tests: calls to an engine, SQL on its file, and owners to kill."""

import contextlib
import http.client
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=t/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
_OWNER = """
import pathlib, sys
from app.store.engine import EmbeddedEngine
with EmbeddedEngine(pathlib.Path(sys.argv[1])) as engine:
    print(engine.url, flush=True)
    sys.stdin.read()
"""
Row = tuple[Any, ...]


def call(url: str, operation: str, **body: Any) -> dict[str, Any]:
    """One real call; the operation decides between the tables and the streams API."""
    streams = {"DescribeStream", "GetShardIterator", "GetRecords"}
    target = "DynamoDBStreams_20120810" if operation in streams else "DynamoDB_20120810"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    with contextlib.closing(connection):
        headers = HEADERS | {"X-Amz-Target": f"{target}.{operation}"}
        connection.request("POST", "/", json.dumps(body), headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, answer
        return answer


def create_table(url: str, name: str = "Products") -> None:
    call(
        url,
        "CreateTable",
        TableName=name,
        KeySchema=[{"AttributeName": "ProductID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ProductID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def put(url: str, stock: int, table: str = "Products") -> None:
    item = {"ProductID": {"S": "P1"}, "Stock": {"N": str(stock)}}
    call(url, "PutItem", TableName=table, Item=item)


def stock(url: str) -> int:
    key = {"ProductID": {"S": "P1"}}
    return int(call(url, "GetItem", TableName="Products", Key=key)["Item"]["Stock"]["N"])


def shard_of(table: str) -> str:
    return f"shardId-00000001-{table}"


def sql(file: Path, statement: str, *values: Any) -> list[Row]:
    """Run a statement on the engine's file."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        return database.execute(statement, values).fetchall()


def numbers(file: Path, table: str = "Products") -> list[int]:
    """The sequence numbers of the records in the stream."""
    query = "SELECT sequence_number FROM _stream_records WHERE table_name = ? ORDER BY id"
    return [int(number) for (number,) in sql(file, query, table)]


@contextlib.contextmanager
def owner(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that owns the folder: (process, url)."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
