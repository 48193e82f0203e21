"""The archive catches up, and a restore writes, nearly as fast as bare loops on the same data.

An embedded engine gets a history of sales, one a second. Then, in turns:

- the archive's runner writes all of it to Parquet files in a directory, and a bare loop reads the
  same feed rows and audit entries with the same client, decodes them, and writes as many synced
  files;
- `stockpulse restore` writes the products of the last moment from these files, and a bare loop puts
  the same items with BatchWriteItem.

    .venv/bin/python bench/one_sink/archive.py
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.commands.restore.archived import ArchivedStates
from app.commands.restore.target import Target
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.core.keys import TEXT_KEY
from app.store.audit.entry import event_of
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.sink_row import SINK
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.table_names import table_names
from app.store.feed.cursor import Cursor, CursorClock
from app.store.feed.feed import Feed
from app.store.sinks.sink_cursors import SinkCursors
from bench.support.changes import change
from bench.support.past import write_past
from bench.support.report import Requirement, conditions, finish, median_of
from bench.support.store import Store, store
from tests.support.history.past_writer import SIGNER
from worker.consumers.files.window_runner import WindowRunner
from worker.consumers.files.windows import window_start
from worker.consumers.process_parts import Shared, SinkPlan
from worker.consumers.runner import SETTLES_MS
from worker.effects.log_writer import LogWriter
from worker.sinks.archive.archive import NAME, Archive
from worker.sinks.archive.directory import Directory

CATCH_UP, RESTORE = 0.7, 0.8
EVERY_MS = 1_000  # between two events of the history, as `write_past` stamps them
_GROUP = 300_000 // EVERY_MS  # events of five minutes, in a file each as in the archive


def catch_up(made: Store, folder: Path) -> float:
    """Seconds in which the archive's runner writes all but the last five minutes."""
    deployment = Deployment(made.clients, made.names, DEFAULT_NAMES, SIGNER)
    rows = SinkCursors(*deployment.coordination)
    key = rows.key(NAME)
    made.clients.tables.delete_item(TableName=made.names.checkpoints, Key=key)
    leases = Leases(*deployment.coordination)
    taken = leases.take((SINK, NAME), "bench", None)
    row = rows.get(NAME)
    assert taken is not None
    assert row is not None
    lease = Lease(taken.consumer, SINK, NAME, "bench", taken.counter)
    log = LogWriter(deployment, Feed(made.clients.tables, made.names.feed), CursorClock(0))
    letters = DeadLetters(made.clients.tables, made.names.dead_letters)
    shared = Shared(log.tail, rows, letters, log.audit.get, SinkPlan())
    sink = Archive(Directory(folder), "parquet", deployment).sink()
    runner = WindowRunner(
        sink, shared, lease, row, leases.hold(lease), lambda: None, threading.Event()
    )
    last, due = Cursor(0, "", 0), _due(made)
    thread = threading.Thread(target=runner.run)
    began = time.perf_counter()
    thread.start()
    while last.ms < due:
        time.sleep(0.05)
        found = rows.get(NAME)
        last = last if found is None or found.cursor is None else found.cursor
        assert not runner.trouble, runner.trouble
    seconds = time.perf_counter() - began
    runner.leave()
    thread.join()
    return seconds


def bare_catch_up(made: Store, folder: Path) -> float:
    """Seconds in which a loop reads the same rows and writes files of the same columns."""
    folder.mkdir()
    client, began = made.clients.tables, time.perf_counter()
    refs, number = _refs(made), 0
    while batch := list(islice(refs, _GROUP)):
        entries: list[dict[str, Any]] = []
        for start in range(0, len(batch), 100):
            entries += get_all(client, made.names.audit, batch[start : start + 100])
        assert all(event_of(entry) for entry in entries)  # decoded, as in bench/sinks.py
        names = sorted({name for entry in entries for name in entry})
        columns = {
            name: [
                orjson.dumps(entry[name], default=str).decode() if name in entry else None
                for entry in entries
            ]
            for name in names
        }
        with (folder / f"{number}.parquet").open("wb") as file:
            pq.write_table(pa.table(columns), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        number += 1
    return time.perf_counter() - began


def restore(made: Store, folder: Path, table: str) -> tuple[int, float, float]:
    """The products restored, the seconds until they are written, and those of the proof."""
    began = time.perf_counter()
    states = ArchivedStates(Directory(folder), datetime.now(UTC), lambda _: None)
    target = Target(made.clients.tables, table, TEXT_KEY, lambda _: None)
    target.prepare()
    count = target.write(
        (state.product_id, state.item) for state in states if state.item is not None
    )
    written = time.perf_counter()
    assert list(target.differences()) == []
    return count, written - began, time.perf_counter() - written


def bare_restore(made: Store, source: str, table: str) -> tuple[int, float]:
    """The items, and the seconds in which a loop puts them, 25 a call."""
    client = made.clients.tables
    pages = client.get_paginator("scan").paginate(
        TableName=source, PaginationConfig={"PageSize": 1000}
    )
    items = [item for page in pages for item in page["Items"]]
    Target(client, table, TEXT_KEY, lambda _: None).prepare()
    began = time.perf_counter()
    for start in range(0, len(items), 25):
        puts: Any = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        left = client.batch_write_item(RequestItems={table: puts})
        assert not left.get("UnprocessedItems")
    return len(items), time.perf_counter() - began


def _due(made: Store) -> int:
    """The stamp of the last event whose file is due, by the stamp of the last event."""
    settled = Feed(made.clients.tables, made.names.feed).newest_ms() - SETTLES_MS
    return window_start(settled) - EVERY_MS


def _refs(made: Store) -> Iterator[dict[str, Any]]:
    """The keys of the audit entries in the order of the feed."""
    client, table = made.clients.tables, made.names.feed
    days = client.query(
        TableName=table,
        KeyConditionExpression="#d = :d",
        ExpressionAttributeNames={"#d": "Day"},
        ExpressionAttributeValues={":d": {"S": "days"}},
    )["Items"]
    for day in days:
        pages = client.get_paginator("query").paginate(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression="#d = :d",
            ExpressionAttributeNames={"#d": "Day"},
            ExpressionAttributeValues={":d": day["Cursor"]},
            PaginationConfig={"PageSize": 250},
        )
        for page in pages:
            for row in page["Items"]:
                for ref in row["Events"]["L"]:
                    yield dict(zip(("ProductID", "EventKey"), ref["L"], strict=True))


def main() -> int:
    """Measure, print the report, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    events, products, about = arguments.events, arguments.products, conditions()
    ran: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        engine = folder / "engine"
        engine.mkdir()
        with store(engine):
            pass
        names = table_names("", None)
        write_past(engine / "engine.db", names, events, _change(products), products)
        with store(engine) as made:
            for turn in range(arguments.turns):
                files = folder / f"files-{turn}"
                one = {"bare": events / bare_catch_up(made, folder / f"bare-{turn}")}
                one["archive"] = events / catch_up(made, files)
                count, seconds, proof = restore(made, files, f"restored-{turn}")
                one |= {"restore": count / seconds, "proof": count / proof}
                count, seconds = bare_restore(made, f"restored-{turn}", f"bare-{turn}")
                one["bare_restore"] = count / seconds
                ran.append(one)
    found = median_of(ran)
    lines = [
        f"{events:,} events, {products:,} products, {arguments.turns} turns (medians)",
        f"catching up   {found['archive']:8,.0f} events/s, bare loop {found['bare']:8,.0f}",
        (
            f"restoring     {found['restore']:8,.0f} products/s, bare loop "
            f"{found['bare_restore']:8,.0f}"
        ),
        f"reading back  {found['proof']:8,.0f} products/s",
    ]
    catching_up = found["archive"] / found["bare"]
    restoring = found["restore"] / found["bare_restore"]
    requirements = [
        Requirement("catching up / bare loop", catching_up, CATCH_UP, at_least=True),
        Requirement("restore / bare BatchWriteItem", restoring, RESTORE, at_least=True),
    ]
    return finish(about, lines, {"turns": ran}, requirements, as_json=arguments.json)


def _change(products: int) -> Callable[[int], ChangeEvent]:
    """Changes of this many products in turn."""

    def make(number: int) -> ChangeEvent:
        product_id = f"P{number % products}"
        event = change(number)
        key = {"ProductID": {"S": product_id}}
        images = {
            "before": {**(event.before or {}), **key},
            "after": {**(event.after or {}), **key},
        }
        return replace(event, product_id=product_id, **images)

    return make


if __name__ == "__main__":
    sys.exit(main())
