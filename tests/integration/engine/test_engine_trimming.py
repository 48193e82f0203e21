"""Stream records older than a day are trimmed once read by all; a start does not wait for it."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, datafile, embedded, process
from tests.integration.engine.kit import call, numbers, put, shard_of
from tests.integration.engine.trimming import DAY, PRODUCTS, age, start


def test_old_records_that_all_consumers_have_read_are_trimmed(file: Path) -> None:
    age(file, upto=6)
    start(file, {PRODUCTS: 8})
    assert numbers(file) == [7, 8, 9, 10]


def test_old_records_that_a_consumer_has_not_read_are_kept(file: Path) -> None:
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


def test_a_table_s_newest_record_is_kept_so_that_numbers_are_not_reused(file: Path) -> None:
    age(file, upto=10)
    start(file, {PRODUCTS: 99})
    assert numbers(file) == [10]
    with EmbeddedEngine(file.parent) as engine:
        put(engine.url, 42)
    assert numbers(file) == [10, 11]


def test_trimming_takes_as_many_batches_as_needed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafile, "_BATCH", 3)
    age(file, upto=8)
    start(file, {PRODUCTS: 10})
    assert numbers(file) == [9, 10]


def test_a_start_trims_briefly_and_the_stop_does_the_rest(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafile, "_BATCH", 2)
    monkeypatch.setattr(embedded, "_TRIM_AT_START", 0)
    age(file, upto=8)
    with EmbeddedEngine(file.parent, positions=lambda _: {PRODUCTS: 10}):
        assert numbers(file) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert numbers(file) == [9, 10]


def test_an_engine_that_does_not_answer_does_not_delay_the_stop(file: Path) -> None:
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


def test_recent_records_need_no_second_start(file: Path) -> None:
    age(file, upto=10, by=DAY - 600)
    assert start(file, {PRODUCTS: 10}).asked == 0
    assert numbers(file) == list(range(1, 11))


def test_if_checkpoints_cannot_be_read_nothing_is_trimmed_and_the_engine_starts(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(url: str) -> Mapping[tuple[str, str], int]:
        raise ValueError("no such table")

    age(file, upto=10)
    with EmbeddedEngine(file.parent, positions=fail) as engine:
        assert engine.healthy()
        assert numbers(file) == list(range(1, 11))
    assert "nothing is trimmed" in caplog.text


def test_the_stream_can_be_read_after_trimming(file: Path) -> None:
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
