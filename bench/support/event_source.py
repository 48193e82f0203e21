"""Compares MiniStack's event source mapping and our handler with our reader on the same stream.

Both write audit and feed rows into the same engine; only the reader publishes to a broker. Each
write wakes the mapping within MiniStack's process (AWS polls four times a second), and sends the
reader a hint, as a write through Stockpulse does.
"""

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.core.item import DEFAULT_NAMES
from app.runtime.wake import Wake
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames, table_names
from app.store.dynamodb.tables import ensure_tables, stream_of
from bench.support.report import median_of, percentile
from bench.support.store import Store, bare, item, make_changes
from tests.support.processes.ministack import (
    ACCOUNT,
    PYTHON,
    RUNTIME,
    MiniStack,
    build_zip,
    ministack,
    with_modules,
)

# Records per batch: the size that docs/operate/lambda.md deploys, and a page of the reader.
BATCHES = {"mapping": 100, "mapping_1000": 1000}
KEY = "k1:" + "a2V5" * 11

Bare = Callable[[Store, TableNames, str | None, int], int]  # returns how many records were done
Ours = Callable[[Store, TableNames, str | None, int, Wake | None], int]


def measure(ours: Ours, baseline: Bare, count: int, rounds: int, samples: int) -> dict[str, Any]:
    """Medians over rounds of both and the bare loop, or why nothing was measured."""
    if not PYTHON.exists():
        return {"error": "no MiniStack: run scripts/ministack.sh"}
    with tempfile.TemporaryDirectory() as name, ministack(Path(name)) as stack:
        function = Path(__file__).with_name("bench_function.py")
        package = with_modules(build_zip(Path(name) / "function.zip"), function)
        on = _store(stack)
        make_changes(on, count)
        rows = []
        for turn in range(rounds):
            row = _reader(on, ours, f"ours{turn}-", count, samples)
            row |= _baseline(on, baseline, f"bare{turn}-", count)
            for name, batch in BATCHES.items():
                row |= _mapping(on, stack, package, f"{name}{turn}-", name, batch, samples)
            floor = row["bare_per_s"]
            ratios = {name: row[f"{name}_per_s"] / floor for name in ("reader", *BATCHES)}
            rows.append(row | {f"{name}_ratio": ratio for name, ratio in ratios.items()})
    return {"records": count, "medians": median_of(rows), "rounds": rows}


def _reader(on: Store, ours: Ours, prefix: str, count: int, samples: int) -> dict[str, float]:
    """Records per second over the stream, then milliseconds from a write to its audit row."""
    tables, wake = on.own_tables(prefix), Wake()
    begun = time.perf_counter()
    done = ours(on, tables, None, count, None)
    rate = done / (time.perf_counter() - begun)
    after = on.numbers()[-1]
    thread = threading.Thread(target=ours, args=(on, tables, after, samples, wake))
    thread.start()
    waits = _waits(on, tables.audit, prefix, samples, wake.hint)
    thread.join()
    return {"reader_per_s": rate, **_percentiles("reader", waits)}


def _baseline(on: Store, baseline: Bare, prefix: str, count: int) -> dict[str, float]:
    """Records per second of the bare loop: what the engine itself allows."""
    tables = on.own_tables(prefix)
    begun = time.perf_counter()
    done = baseline(on, tables, None, count)
    return {"bare_per_s": done / (time.perf_counter() - begun)}


def _mapping(
    on: Store, stack: MiniStack, package: bytes, prefix: str, name: str, batch: int, samples: int
) -> dict[str, float]:
    """The same figures for the event source mapping, without its cold start."""
    tables, total = on.own_tables(prefix), len(on.numbers())
    with _mapped(on, stack, package, prefix, batch):
        while (first := _rows(on, tables.audit)) == 0:
            time.sleep(0.01)
        begun = time.perf_counter()
        while (found := _rows(on, tables.audit)) < total:
            time.sleep(0.02)
        took = time.perf_counter() - begun
        waits = _waits(on, tables.audit, prefix, samples, lambda: None)
    return {f"{name}_per_s": (found - first) / took, **_percentiles(name, waits)}


@contextmanager
def _mapped(on: Store, stack: MiniStack, package: bytes, prefix: str, batch: int) -> Iterator[None]:
    """Deploy the function on tables with this prefix, mapped from the stream's beginning."""
    functions = stack.client("lambda")
    name = f"{prefix}stockpulse"
    functions.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=f"arn:aws:iam::{ACCOUNT}:role/stockpulse",
        Handler="bench_function.handler",
        Code={"ZipFile": package},
        Timeout=60,
        Environment={
            "Variables": {
                "STOCKPULSE_DYNAMODB": "aws",
                "STOCKPULSE_AUDIT_KEYS": KEY,
                "STOCKPULSE_TABLE_PREFIX": prefix,
                "STOCKPULSE_PRODUCTS_TABLE": on.names.products,
            }
        },
    )
    functions.invoke(FunctionName=name, Payload=b'{"Records": []}')  # its cold start
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=on.stream_arn,
        StartingPosition="TRIM_HORIZON",
        BatchSize=batch,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    try:
        yield
    finally:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
        functions.delete_function(FunctionName=name)


def _waits(
    on: Store, audit: str, prefix: str, samples: int, written: Callable[[], None]
) -> list[float]:
    """Seconds from each write's response to its audit row, one write at a time."""
    waits = []
    for number in range(samples):
        time.sleep(random.uniform(0.01, 0.05))
        product = {"S": f"{prefix}{number}"}
        on.bare.tables.put_item(
            TableName=on.names.products, Item=item(number) | {"ProductID": product}
        )
        begun = time.perf_counter()
        written()
        while not _found(on, audit, product):
            time.sleep(0.001)
        waits.append(time.perf_counter() - begun)
    return waits


def _found(on: Store, audit: str, product: Any) -> bool:
    answer = on.bare.tables.query(
        TableName=audit,
        KeyConditionExpression="ProductID = :p",
        ExpressionAttributeValues={":p": product},
        Select="COUNT",
    )
    return answer["Count"] > 0


def _rows(on: Store, table: str) -> int:
    """The table's item count, which MiniStack updates at once."""
    return int(on.bare.tables.describe_table(TableName=table)["Table"]["ItemCount"])


def _percentiles(name: str, waits: list[float]) -> dict[str, float]:
    return {f"{name}_p{p}_ms": percentile(waits, p / 100) * 1000 for p in (50, 99)}


def _store(stack: MiniStack) -> Store:
    clients, names = connect(stack.url), table_names("", None)
    ensure_tables(clients.tables, names, DEFAULT_NAMES)
    arn = stream_of(clients.tables, names.products).arn
    (shard,) = clients.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    return Store(stack.url, clients, bare(stack.url), names, arn, shard["ShardId"])


def lines_of(measured: dict[str, Any]) -> list[str]:
    """The figures as text."""
    if "error" in measured:
        return [f"event source mapping: {measured['error']}"]
    medians = measured["medians"]
    return [
        f"MiniStack, {measured['records']} records, medians of {len(measured['rounds'])} rounds",
        *(
            f"{label:<22} {medians[f'{name}_per_s']:>7.0f} records/s"
            f" ({medians[f'{name}_ratio']:.2f} of the bare loop)"
            f"   write → audit p50 {medians[f'{name}_p50_ms']:.1f} ms"
            f", p99 {medians[f'{name}_p99_ms']:.1f} ms"
            for label, name in (
                ("stockpulse", "reader"),
                ("mapping, batches 100", "mapping"),
                ("mapping, batches 1000", "mapping_1000"),
            )
        ),
        f"{'bare loop':<22} {medians['bare_per_s']:>7.0f} records/s",
    ]
