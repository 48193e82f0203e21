"""The engine's file is changed only while no engine runs on it, and unread records are kept."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, EngineFailed, datafile, process
from tests.integration.engine.kit import numbers, put, sql
from tests.integration.engine.trimming import DAY, PRODUCTS, age, start


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
def test_the_engine_s_own_queries_use_the_indexes(file: Path, query: str, uses: str) -> None:
    assert plan(file, query) == uses


def cost(data_dir: Path) -> float:
    """CPU seconds for 200 writes; other load does not change them."""
    with EmbeddedEngine(data_dir) as engine:
        (running,) = process.running(data_dir / "engine.db")
        before = running.cpu_seconds()
        for stock in range(200):
            put(engine.url, stock)
        after = running.cpu_seconds()
    assert before is not None
    assert after is not None
    return after - before


def test_a_write_is_not_slower_after_a_hundred_thousand_changes(file: Path) -> None:
    # bench/engine.py makes 500,000 real writes; this test has to be fast.
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


def test_the_first_start_adds_the_indexes(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir):
        indexes = sql(data_dir / "engine.db", "PRAGMA index_list(_stream_records)")
        assert {row[1] for row in indexes} == {"stockpulse_newest", "stockpulse_position"}


def test_an_unknown_schema_is_left_unchanged_with_a_warning(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for (index,) in sql(file, "SELECT name FROM sqlite_master WHERE name LIKE 'stockpulse%'"):
        sql(file, f"DROP INDEX {index}")
    sql(file, "ALTER TABLE _stream_records RENAME COLUMN shard_id TO shard")
    age(file, upto=10)
    assert start(file, {PRODUCTS: 10}).asked == 0
    assert "a schema that this version does not know" in caplog.text
    assert "cannot be read" not in caplog.text
    assert sql(file, "PRAGMA index_list(_stream_records)") == []
    assert numbers(file) == list(range(1, 11))


def test_an_empty_file_is_treated_as_new(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "engine.db").touch()
    with EmbeddedEngine(data_dir):
        assert datafile.shape(data_dir / "engine.db") is datafile.Shape.READY


def test_a_file_locked_by_another_program_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafile, "_BUSY", 0.05)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EngineFailed, match="another program has it locked"):
            datafile.trim(file, {PRODUCTS: 10}, int(time.time()) + DAY)
