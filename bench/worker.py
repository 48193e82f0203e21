"""Stream records become audit entries at 0.8 of a bare boto3 loop's speed or more.

Stockpulse is the real ShardReader and Pipeline with audit, feed, broker and checkpoints, on the
embedded engine. The baseline reads the same stream and writes the same images and nothing else:
GetRecords, then BatchWriteItem of 25. They take turns, one slice of the stream each, so that both
see the same machine.

    .venv/bin/python bench/worker.py
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.broker.in_process import InProcessBroker
from app.config.settings import Settings
from app.runtime.retry import Retry
from app.runtime.wake import Wake
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.leases import Hold, Lease, Leases
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.dynamodb.table_names import TableNames
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.timeline.timeline import Timeline
from bench.support import event_source, workers
from bench.support.report import Requirement, conditions, finish, median_of
from bench.support.store import STAMPS, Store, make_changes, store
from worker.effects.audit_writer import AuditWriter
from worker.pipeline.pipeline import Pipeline
from worker.stream.shards.polling import IDLE_LOCAL, Polling
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.shard_iterator import ShardPages

LIMIT = 0.8
PAGE, BATCH = 1000, 25
SLICE = 2_000  # records per turn
AS_STANDALONE = int(Settings.model_fields["parallelization_factor"].default)


def ours(
    on: Store,
    tables: TableNames,
    after: str | None,
    count: int,
    wake: Wake | None = None,
    parallelization_factor: int = 1,
) -> int:
    """Run the worker until `count` records or more are audited, published and checkpointed.

    Returns how many: the last page is finished, and pages grow from 100 to 1,000 records. With a
    factor of one it works as in `stockpulse serve`, which writes one batch at a time.
    """
    client = on.clients.tables
    stop = threading.Event()
    retry = Retry(stop)
    feed = Feed(client, tables.feed)
    audit = AuditRepository(
        client, tables.audit, feed, Signer("bench", b"k" * 32), CursorClock(0).stamp
    )
    broker = InProcessBroker(Timeline(feed, audit), tables.products, version="bench")
    left = count

    def publish(arrived: Sequence[Arrived], _hold: Hold) -> None:
        nonlocal left
        broker.publish(arrived)
        left -= len(arrived)
        if left <= 0:
            stop.set()  # the current page is still finished and checkpointed

    dead_letters = DeadLetters(client, tables.dead_letters)
    pipeline = Pipeline(
        AuditWriter(audit, retry),
        publish,
        dead_letters,
        retry,
        STAMPS,
        parallelization_factor=parallelization_factor,
    )
    leases = Leases(client, tables.checkpoints, "bench")
    shard = on.stream_arn, on.shard_id
    taken = leases.take(
        shard,
        "bench",
        Checkpoints(client, tables.checkpoints, "bench").rows().checkpoints.get(shard),
    )
    assert taken is not None
    lease = Lease("bench", *shard, "bench", taken.counter)
    ShardReader(
        ShardPages(on.clients.streams, *shard, after),
        lambda records: pipeline.process(records, on.stream_arn),
        partial(leases.save, lease),
        retry,
        wake or Wake(),
        Polling(IDLE_LOCAL),
    ).run(stop)
    leases.release(lease)
    return count - left


def bare(on: Store, tables: TableNames, after: str | None, count: int) -> int:
    """Do what a script does: read a page, then write its images, 25 per call.

    Returns how many records.
    """
    iterator = on.iterator(after)
    done = 0
    while done < count:
        page = on.bare.streams.get_records(ShardIterator=iterator, Limit=PAGE)
        iterator = page["NextShardIterator"]
        records = page["Records"]
        for start in range(0, len(records), BATCH):
            puts: Any = [
                {"PutRequest": {"Item": bare_entry(record["dynamodb"])}}
                for record in records[start : start + BATCH]
            ]
            on.bare.tables.batch_write_item(RequestItems={tables.audit: puts})
        done += len(records)
    return done


def bare_entry(change: Any) -> dict[str, Any]:
    """An entry of the record's key and images."""
    images = {
        name: {"M": change[raw]}
        for raw, name in (("OldImage", "Before"), ("NewImage", "After"))
        if raw in change
    }
    return {**change["Keys"], "EventKey": {"S": change["SequenceNumber"]}, **images}


Run = Callable[[Store, TableNames, str | None, int], int]


def timed(run: Run, *arguments: Any) -> tuple[float, float]:
    """(Records per second, CPU seconds of this process per record)."""
    begun, cpu = time.perf_counter(), time.process_time()
    done = run(*arguments)
    return done / (time.perf_counter() - begun), (time.process_time() - cpu) / done


def compare(on: Store, count: int, rounds: int) -> list[dict[str, float]]:
    """One row per slice with the figures of both, on fresh tables for each round."""
    edges = on.every(SLICE, count)
    rows: list[dict[str, float]] = []
    for turn in range(rounds):
        mine, theirs = on.own_tables(f"ours{turn}-"), on.own_tables(f"bare{turn}-")
        for after in edges:
            rate, cpu = timed(ours, on, mine, after, SLICE)
            baseline, baseline_cpu = timed(bare, on, theirs, after, SLICE)
            rows.append(
                {
                    "stockpulse_per_s": rate,
                    "bare_per_s": baseline,
                    "stockpulse_cpu_us": cpu * 1e6,
                    "bare_cpu_us": baseline_cpu * 1e6,
                    "ratio": rate / baseline,
                }
            )
    return rows


def bloop(python: Path, on: Store, count: int) -> dict[str, Any]:
    """How fast bloop reads without writing, or why it was not measured."""
    if not python.exists():
        return {
            "error": f"no bloop at {python}; run python3 -m venv DIR; DIR/bin/pip install bloop"
        }
    reader = Path(__file__).with_name("support") / "bloop_reader.py"
    command = [str(python), str(reader), on.url, on.names.products, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    answer: dict[str, Any] = json.loads(lines[-1]) if lines else {"error": done.stderr[-300:]}
    return answer


def main() -> int:
    """Return 0 if the required ratios hold, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000, help="records per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=200, help="single writes per round")
    parser.add_argument("--quick", action="store_true", help="one round of 2,000 records")
    parser.add_argument("--bloop", type=Path, default=Path("/tmp/bloop-venv/bin/python"))
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    count, rounds = (SLICE, 1) if given.quick else (given.records, given.rounds)
    samples = 20 if given.quick else given.samples
    about = conditions()
    with tempfile.TemporaryDirectory() as folder, store(Path(folder) / "data") as on:
        make_changes(on, count)
        sys.setswitchinterval(0.0005)  # as the application runs
        rows = compare(on, count, rounds)
        read = bloop(given.bloop, on, count)
        (Path(folder) / "workers").mkdir()
        pair = workers.measure(on, Path(folder) / "workers", count, rounds)
    mapping = event_source.measure(
        partial(ours, parallelization_factor=AS_STANDALONE), bare, count, rounds, samples
    )
    medians = median_of(rows)
    lines = [
        f"{count} records, {rounds} rounds; medians of {len(rows)} slices of {SLICE} records",
        *(
            f"{label:<12} {medians[f'{name}_per_s']:>7.0f} records/s"
            f"   {medians[f'{name}_cpu_us']:>4.0f} µs CPU per record"
            for label, name in (("stockpulse", "stockpulse"), ("bare loop", "bare"))
        ),
        f"bloop {read['version']}, reading only: {read['records_per_s']:.0f} records/s"
        if "error" not in read
        else f"bloop: {read['error']}",
        *workers.lines_of(pair),
        *event_source.lines_of(mapping),
    ]
    required = [Requirement("worker / bare loop", medians["ratio"], LIMIT, at_least=True)]
    if "error" not in mapping:
        ratio = mapping["medians"]["reader_ratio"]
        required.append(Requirement("reader / bare loop on MiniStack", ratio, LIMIT, at_least=True))
    measured = {
        "records": count,
        "medians": medians,
        "slices": rows,
        "bloop": read,
        "workers": pair,
        "mapping": mapping,
    }
    return finish(about, lines, measured, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
