"""The engine's file is prepared only while no engine runs on it, and loses nothing unread."""

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, EngineFailed, datafile, embedded, process
from tests.integration.engine.kit import call, create_table, numbers, put, shard_of, sql

DAY = 24 * 3600
PRODUCTS = ("Products", shard_of("Products"))


@pytest.fixture
def file(data_dir: Path) -> Path:
    """A file whose stream holds records 1 to 10 of Products and 1 to 3 of Orders, all new."""
    with EmbeddedEngine(data_dir) as engine:
        for table, changes in (("Products", 10), ("Orders", 3)):
            create_table(engine.url, table)
            for stock in range(changes):
                put(engine.url, stock, table)
    return data_dir / "engine.db"


def age(file: Path, upto: int, table: str = "Products", by: int = DAY + 60) -> None:
    """Make the records up to a number older."""
    change = (
        "UPDATE _stream_records SET created_at = created_at - ? "
        "WHERE table_name = ? AND CAST(sequence_number AS INTEGER) <= ?"
    )
    sql(file, change, by, table, upto)


class Checkpoints:
    """What the consumers have behind them, and whether anyone asked."""

    def __init__(self, positions: Mapping[tuple[str, str], int]) -> None:
        self.positions = positions
        self.asked = 0

    def __call__(self, url: str) -> Mapping[tuple[str, str], int]:
        assert "Products" in call(url, "ListTables")["TableNames"], "read through the engine"
        self.asked += 1
        return self.positions


def start(file: Path, positions: Mapping[tuple[str, str], int]) -> Checkpoints:
    checkpoints = Checkpoints(positions)
    with EmbeddedEngine(file.parent, positions=checkpoints):
        pass
    return checkpoints


def plan(file: Path, query: str) -> str:
    return " ".join(str(row[3]) for row in sql(file, "EXPLAIN QUERY PLAN " + query))


@pytest.mark.parametrize(
    ("query", "uses"),
    [
        pytest.param(
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records "
            "WHERE table_name = 'Products'",
            "SEARCH _stream_records USING INDEX stockpulse_newest (table_name=?)",
            id="each write's next number",
        ),
        pytest.param(
            "SELECT event_name, keys_json, new_image, old_image, sequence_number, created_at, "
            "user_identity FROM _stream_records WHERE table_name = 'Products' AND shard_id = 's' "
            "AND CAST(sequence_number AS INTEGER) > 5 "
            "ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10",
            "SEARCH _stream_records USING INDEX stockpulse_position "
            "(table_name=? AND shard_id=? AND <expr>>?)",
            id="GetRecords",
        ),
        pytest.param(
            "SELECT MIN(sequence_number), MAX(sequence_number) FROM _stream_records "
            "WHERE table_name = 'Products' AND shard_id = 's'",
            "SEARCH _stream_records USING COVERING INDEX stockpulse_position "
            "(table_name=? AND shard_id=?)",
            id="DescribeStream",
        ),
    ],
)
def test_the_engines_own_queries_use_the_indexes(file: Path, query: str, uses: str) -> None:
    assert plan(file, query) == uses


def cost(data_dir: Path) -> float:
    """Seconds of processor time, which other load does not lengthen, that 200 writes take."""
    with EmbeddedEngine(data_dir) as engine:
        (running,) = process.running(data_dir / "engine.db")
        before = running.cpu_seconds()
        for stock in range(200):
            put(engine.url, stock)
        after = running.cpu_seconds()
    assert before is not None
    assert after is not None
    return after - before


def test_a_write_costs_the_same_after_a_hundred_thousand_changes(file: Path) -> None:
    # bench/engine.py makes them by real writes, and 500,000; here it has to be quick.
    first = cost(file.parent)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.executemany(
            "INSERT INTO _stream_records (table_name, event_name, keys_json, new_image, "
            "sequence_number, shard_id, created_at) "
            "SELECT table_name, event_name, keys_json, new_image, ?, shard_id, created_at "
            "FROM _stream_records WHERE id = 1",
            ((str(number),) for number in range(1_000, 101_000)),
        )
    assert cost(file.parent) < 3 * max(first, 0.1), "2 s and more without the indexes"
    assert numbers(file)[-1] == 101_199


def test_the_indexes_are_there_from_the_first_start_on(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir):
        indexes = sql(data_dir / "engine.db", "PRAGMA index_list(_stream_records)")
        assert {row[1] for row in indexes} == {"stockpulse_newest", "stockpulse_position"}


def test_old_records_that_all_have_read_are_trimmed(file: Path) -> None:
    age(file, upto=6)
    start(file, {PRODUCTS: 8})
    assert numbers(file) == [7, 8, 9, 10]


def test_old_records_that_someone_has_not_read_stay(file: Path) -> None:
    age(file, upto=10)
    start(file, {PRODUCTS: 4})
    assert numbers(file) == [5, 6, 7, 8, 9, 10]


def test_a_shard_without_a_checkpoint_keeps_everything(file: Path) -> None:
    age(file, upto=10)
    age(file, upto=3, table="Orders")
    start(file, {PRODUCTS: 10})
    assert numbers(file) == [10]
    assert numbers(file, "Orders") == [1, 2, 3]


def test_nothing_is_trimmed_without_checkpoints_at_all(file: Path) -> None:
    age(file, upto=10)
    with EmbeddedEngine(file.parent):
        assert numbers(file) == list(range(1, 11))


def test_a_tables_newest_record_stays_so_that_numbers_go_on(file: Path) -> None:
    age(file, upto=10)
    start(file, {PRODUCTS: 99})
    assert numbers(file) == [10]
    with EmbeddedEngine(file.parent) as engine:
        put(engine.url, 42)
    assert numbers(file) == [10, 11]


def test_trimming_goes_on_over_many_batches(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafile, "_BATCH", 3)
    age(file, upto=8)
    start(file, {PRODUCTS: 10})
    assert numbers(file) == [9, 10]


def test_a_start_trims_for_a_moment_only_and_the_stop_does_the_rest(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafile, "_BATCH", 2)
    monkeypatch.setattr(embedded, "_TRIM_AT_START", 0)
    age(file, upto=8)
    with EmbeddedEngine(file.parent, positions=lambda _: {PRODUCTS: 10}):
        assert numbers(file) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert numbers(file) == [9, 10]


def test_an_engine_that_does_not_answer_does_not_hold_up_the_stop(file: Path) -> None:
    age(file, upto=8)
    asked = []

    def positions(url: str) -> Mapping[tuple[str, str], int]:
        asked.append(url)
        return {}

    with EmbeddedEngine(file.parent, positions=positions) as engine:
        (running,) = process.running(file)
        os.kill(running.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 20
        while engine.healthy() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not engine.healthy()
        asked.clear()
    assert asked == []


def test_young_records_cost_no_second_start(file: Path) -> None:
    age(file, upto=10, by=DAY - 600)
    assert start(file, {PRODUCTS: 10}).asked == 0
    assert numbers(file) == list(range(1, 11))


def test_checkpoints_that_cannot_be_read_trim_nothing_and_stop_nothing(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(url: str) -> Mapping[tuple[str, str], int]:
        raise ValueError("no such table")

    age(file, upto=10)
    with EmbeddedEngine(file.parent, positions=fail) as engine:
        assert engine.healthy()
        assert numbers(file) == list(range(1, 11))
    assert "nothing is trimmed" in caplog.text


def test_the_stream_reads_on_after_trimming(file: Path) -> None:
    age(file, upto=6)
    start(file, {PRODUCTS: 6})
    with EmbeddedEngine(file.parent) as engine:
        table = call(engine.url, "DescribeTable", TableName="Products")["Table"]
        iterator = call(
            engine.url,
            "GetShardIterator",
            StreamArn=table["LatestStreamArn"],
            ShardId=shard_of("Products"),
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        records = call(engine.url, "GetRecords", ShardIterator=iterator)["Records"]
    assert [int(record["dynamodb"]["SequenceNumber"]) for record in records] == [7, 8, 9, 10]


def test_an_unknown_schema_is_left_alone_with_a_warning(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for (index,) in sql(file, "SELECT name FROM sqlite_master WHERE name LIKE 'stockpulse%'"):
        sql(file, f"DROP INDEX {index}")
    sql(file, "ALTER TABLE _stream_records RENAME COLUMN shard_id TO shard")
    age(file, upto=10)
    assert start(file, {PRODUCTS: 10}).asked == 0
    assert "a schema that this version does not know" in caplog.text
    assert sql(file, "PRAGMA index_list(_stream_records)") == []
    assert numbers(file) == list(range(1, 11))


def test_an_empty_file_is_a_new_one(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "engine.db").touch()
    with EmbeddedEngine(data_dir):
        assert datafile.shape(data_dir / "engine.db") is datafile.Shape.READY


def test_a_file_that_another_program_locks_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafile, "_BUSY", 0.05)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EngineFailed, match="another program has it locked"):
            datafile.trim(file, {PRODUCTS: 10}, int(time.time()) + DAY)
