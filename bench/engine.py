"""A write after half a million changes takes at most a fifth longer than the first one.

Fills one product table's stream through the embedded engine. At each level, measures single PutItem
calls and GetRecords calls at the stream's tip, as ratios to the first level of the same run (so the
machine's speed cancels out). ListTables, which never reads the stream, is the control: its ratio is
the machine's noise.

    .venv/bin/python bench/engine.py --changes 0,100000,500000
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.store.engine import EmbeddedEngine

LIMIT = 1.2  # a fifth above the first level
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=b/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
STREAMS = {"DescribeStream", "GetShardIterator", "GetRecords"}
TABLE = "Products"
SHARD = f"shardId-00000001-{TABLE}"
PRODUCTS = 1_000  # the table stays this small: only its stream grows
BATCH = 25  # DynamoDB's limit for BatchWriteItem
ROUNDS = 5


class Connection:
    """One persistent connection; no SDK, so that mostly the engine's time is measured."""

    def __init__(self, url: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """Make one call of the DynamoDB API."""
        api = "DynamoDBStreams_20120810" if operation in STREAMS else "DynamoDB_20120810"
        headers = HEADERS | {"X-Amz-Target": f"{api}.{operation}"}
        self._http.request("POST", "/", json.dumps(body), headers)
        response = self._http.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{operation}: {answer}")
        return answer


def item(change: int) -> dict[str, Any]:
    """A product of typical size."""
    return {
        "ProductID": {"S": f"P{change % PRODUCTS}"},
        "ProductName": {"S": f"Product {change % PRODUCTS}"},
        "Category": {"S": "Kitchen"},
        "Price": {"N": "19.9"},
        "Stock": {"N": str(change)},
        "UpdatedBy": {"S": "bench"},
        "Reason": {"S": "sold"},
    }


def create(connection: Connection) -> str:
    """Create the table; returns its stream's ARN."""
    answer = connection.call(
        "CreateTable",
        TableName=TABLE,
        KeySchema=[{"AttributeName": "ProductID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ProductID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(answer["TableDescription"]["LatestStreamArn"])


def fill(url: str, first: int, last: int, threads: int) -> float:
    """Make changes number `first` to `last`; returns changes per second."""

    def write(thread: int) -> None:
        connection = Connection(url)
        for start in range(first + thread * BATCH, last, threads * BATCH):
            puts = [
                {"PutRequest": {"Item": item(change)}}
                for change in range(start, min(start + BATCH, last))
            ]
            connection.call("BatchWriteItem", RequestItems={TABLE: puts})

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(threads)))
    return (last - first) / (time.perf_counter() - begun)


def timed(connection: Connection, operation: str, **body: Any) -> tuple[float, dict[str, Any]]:
    """(Milliseconds, response) of one call."""
    begun = time.perf_counter()
    answer = connection.call(operation, **body)
    return (time.perf_counter() - begun) * 1000, answer


def measure(connection: Connection, arn: str, written: int, each: int) -> dict[str, float]:
    """Milliseconds per call: the lowest of five medians, which other load disturbs least."""
    iterator = connection.call(
        "GetShardIterator", StreamArn=arn, ShardId=SHARD, ShardIteratorType="LATEST"
    )["ShardIterator"]
    medians: dict[str, list[float]] = {"put": [], "get_records": [], "list_tables": []}
    for _ in range(ROUNDS):
        times: dict[str, list[float]] = {name: [] for name in medians}
        for number in range(each):
            took, _ = timed(connection, "PutItem", TableName=TABLE, Item=item(written + number))
            times["put"].append(took)
            took, page = timed(connection, "GetRecords", ShardIterator=iterator)
            times["get_records"].append(took)
            if len(page["Records"]) != 1:
                raise RuntimeError(f"one write, but {len(page['Records'])} records at the tip")
            iterator = page["NextShardIterator"]
            took, _ = timed(connection, "ListTables")
            times["list_tables"].append(took)
        for name, taken in times.items():
            medians[name].append(statistics.median(taken))
    lowest = {name: min(values) for name, values in medians.items()}
    describes = [timed(connection, "DescribeStream", StreamArn=arn)[0] for _ in range(ROUNDS)]
    return lowest | {"describe_stream": statistics.median(describes)}


def run(levels: list[int], each: int, threads: int, folder: Path) -> list[dict[str, float]]:
    """One row per level."""
    rows: list[dict[str, float]] = []
    with EmbeddedEngine(folder) as engine:
        connection = Connection(engine.url)
        arn = create(connection)
        fill(engine.url, 0, PRODUCTS, threads)  # the table has its full size from the first level
        measure(connection, arn, 0, each)  # warms up
        written = 0
        for level in levels:
            rate = fill(engine.url, written, level, threads) if level > written else 0.0
            written = max(written, level)
            row = {"changes": level, "fill_per_s": rate}
            rows.append(row | measure(connection, arn, written, each))
    return rows


def with_ratios(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Each row with its ratios to the first row."""
    names = ("put", "get_records", "list_tables")
    return [
        row | {f"{name}_ratio": round(row[name] / rows[0][name], 3) for name in names}
        for row in rows
    ]


def main() -> int:
    """Return 0 if every ratio holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", default="0,100000,500000", help="levels, in ascending order")
    parser.add_argument("--puts", type=int, default=400, help="single writes in each of 5 rounds")
    parser.add_argument("--threads", type=int, default=4, help="writers that fill the stream")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    levels = sorted(int(level) for level in given.changes.split(","))
    with tempfile.TemporaryDirectory() as folder:
        rows = with_ratios(run(levels, given.puts, given.threads, Path(folder) / "data"))
    held = all(row[f"{name}_ratio"] <= LIMIT for row in rows for name in ("put", "get_records"))
    if given.json:
        print(json.dumps({"limit": LIMIT, "held": held, "levels": rows}))
    else:
        print(
            "changes   put ms (ratio)   GetRecords ms (ratio)   control   DescribeStream   fill/s"
        )
        for row in rows:
            print(
                f"{row['changes']:>7}   {row['put']:.3f} ({row['put_ratio']:.2f})"
                f"     {row['get_records']:.3f} ({row['get_records_ratio']:.2f})"
                f"            {row['list_tables_ratio']:.2f}      "
                f"{row['describe_stream']:>8.1f} ms   {row['fill_per_s']:>7.0f}"
            )
        print("passed" if held else f"FAILED: a ratio is over {LIMIT}")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
