"""Every event is in one file of a directory, whole, whatever happens to the worker."""

import threading
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from app.core.events import RESERVED
from app.store.feed.cursor import parse_cursor
from tests.integration.sinks.archive.kit import LAST, START, Log, bytes_in, files, rows, windows
from tests.support.builders import an_event, an_item
from tests.support.waiting import until
from worker.consumers.files import window_runner
from worker.consumers.files.windows import WINDOW_MS
from worker.consumers.sink import Unavailable
from worker.sinks.archive.directory import Directory
from worker.sinks.archive.files import reading
from worker.sinks.archive.names import Format
from worker.sinks.archive.rows import event_in
from worker.sinks.archive.selections import Selection

ODD = an_item(
    "P1",
    Price={"N": "0.10000000000000000000000000000000000001"},
    Photo=b"\x00\xff",
    Codes={"BS": [b"\x01", b"\x02"]},
    Sizes={"NS": ["3", "1"]},
    Nested={"M": {"a": {"L": [{"NULL": True}, {"B": b"\x7f"}]}}},
)


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_files_hold_every_event_and_both_images(log: Log, tmp_path: Path, form: Format) -> None:
    place = Directory(tmp_path / "archive")
    log.write(0, an_event(1, kind="inserted", event_name="INSERT", before=None, after=ODD))
    log.write(10, an_event(2, kind="internal", changed=()), an_event(3, before=ODD, after=ODD))
    gap = an_event(4, kind="gap", product_id=f"{RESERVED}shard-1", before=None, after=None)
    log.write(WINDOW_MS - 1, gap)
    log.write(WINDOW_MS, an_event(5, before=None, after=None, images_omitted=True))
    log.end()
    archive = log.archive(place, form)
    log.archived(archive)
    assert windows(files(place)) == [0, 1]
    kept = log.audit.get_many([(one.product_id, one.event_key) for one in log.events[:-1]])
    assert [event_in(row) for row in rows(place)] == list(kept.values())
    with reading(place, files(place)[0]) as reader:
        assert reader.end() == parse_cursor(f"{START + WINDOW_MS - 1:013d}-0000abcd-000")
    assert [one for one in archive.check(archive.sink(), None) if one] == []


def test_duckdb_reads_the_directory_as_one_table(log: Log, tmp_path: Path) -> None:
    log.sales(30, every=WINDOW_MS)
    log.archived(log.archive(Directory(tmp_path / "archive")))
    count, days, sold = duckdb.sql(
        f"""SELECT count(*), count(DISTINCT day || ' ' || hour), sum(delta::DECIMAL(38, 9))
        FROM read_parquet('{tmp_path}/archive/**/*.parquet', hive_partitioning = true)
        WHERE after->>'$.ProductName.S' = 'Blue mug' AND kind = 'stock_changed'"""
    ).fetchall()[0]
    assert (count, days, sold) == (30, 3, -90)


def test_the_same_files_result_from_a_crash_after_any_of_them(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file has as many arrivals as the limit allows, and a crash may come before or after it."""
    monkeypatch.setattr(window_runner, "MOST", 7)
    log.sales(40, every=12_000)  # 25 in a window: files of 7, 7, 7 and 4
    whole = Directory(tmp_path / "whole")
    log.archived(log.archive(whole))
    assert windows(files(whole)) == [0, 0, 0, 0, 1, 1, 1]
    log.shop.control.rewind("archive", "beginning", "test")

    broken = Directory(tmp_path / "broken")
    put, crashes = broken.put, iter(["before", "after", "before", "after"])

    def failing(name: str, spool: Path) -> bool:
        match next(crashes, None):
            case "before":
                raise Unavailable("killed before the file was there")
            case "after":
                put(name, spool)
                raise Unavailable("killed after the file was there")
            case _:
                return put(name, spool)

    broken.put = failing  # type: ignore[method-assign]
    log.archived(log.archive(broken))
    ours, theirs = bytes_in(tmp_path / "whole"), bytes_in(tmp_path / "broken")
    assert [name for name in ours if "owner" not in name] == [
        name for name in theirs if "owner" not in name
    ] or sorted(ours) == sorted(theirs)
    assert rows(whole) == rows(broken)
    assert not list((tmp_path / "broken/_stockpulse/writing").iterdir())


def test_a_second_worker_that_still_writes_doubles_nothing(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has lost its lease in the middle of a file, and puts the file after the new owner did."""
    monkeypatch.setattr(window_runner, "MOST", 10)
    log.sales(30, every=10_000)
    slow, put, goes_on = Directory(tmp_path / "archive"), Directory.put, threading.Event()
    results: list[bool] = []

    def waiting(name: str, spool: Path) -> bool:
        if "owner" not in name:
            goes_on.wait(30)
            results.append(put(slow, name, spool))
            return results[-1]
        return put(slow, name, spool)

    slow.put = waiting  # type: ignore[method-assign]
    zombie = log.archive(slow).sink()
    assert zombie.files is not None
    first = log.feed.after(None, 1)[0].cursor
    late = threading.Thread(target=lambda: _one_file(log, zombie.files, first))
    late.start()
    log.archived(log.archive(Directory(tmp_path / "archive")))
    goes_on.set()
    late.join(30)
    assert results == [False]
    cursors = [row["cursor"] for row in rows(slow)]
    assert len(set(cursors)) == len(cursors) == 30


def _one_file(log: Log, made: object, first: object) -> None:
    from app.store.timeline.batch import Entry

    with made.file(first) as file:  # type: ignore[attr-defined]
        file.add([Entry(first, log.events[0])])  # type: ignore[arg-type]
        end = file.close(first)
    assert end > first  # type: ignore[operator]


def test_a_rewind_writes_missing_files_and_leaves_the_others(log: Log, tmp_path: Path) -> None:
    log.sales(6, every=WINDOW_MS)
    place = Directory(tmp_path / "archive")
    log.archived(log.archive(place))
    before = bytes_in(tmp_path / "archive")
    lost = files(place)[2]
    (tmp_path / "archive" / lost).unlink()
    archive = log.archive(place)
    (difference,) = [one for one in archive.check(archive.sink(), None) if one]
    assert "product 'P2'" in difference
    assert difference.endswith("is not in the archive.")
    log.shop.control.rewind("archive", "beginning", "test")
    log.archived(log.archive(place))
    assert bytes_in(tmp_path / "archive") == before


def test_a_row_that_was_changed_or_doubled_is_named(log: Log, tmp_path: Path) -> None:
    log.sales(2, every=WINDOW_MS)
    place = Directory(tmp_path / "archive")
    log.archived(log.archive(place))
    one, two = (tmp_path / "archive" / name for name in files(place))
    (two.parent / two.name.replace("-0000abcd", "-0000abce")).write_bytes(two.read_bytes())
    entry = {"ProductID": {"S": "P0"}, "EventKey": {"S": log.events[0].event_key}}
    log.shop.client.update_item(
        TableName=log.shop.names.audit,
        Key=entry,
        UpdateExpression="SET Note = :n",
        ExpressionAttributeValues={":n": {"S": "other"}},
    )
    archive = log.archive(place)
    found = [one for one in archive.check(archive.sink(), None) if one]
    assert len(found) == 2
    assert f"Event {log.events[0].id} in {one.parent.parent.name}" in found[0]
    assert "and again in" in found[1]


def test_another_deployment_is_refused_and_says_so(log: Log, tmp_path: Path) -> None:
    place = Directory(tmp_path / "archive")
    log.sales(1)
    log.archived(log.archive(place))
    owner = tmp_path / "archive/_stockpulse/owner.json"
    owner.write_text(owner.read_text().replace('"owner": "', '"owner": "Elsewhere '))
    log.shop.control.rewind("archive", "beginning", "test")
    archive = log.archive(place)
    with log.archiving(archive):
        until(lambda: "belongs to another deployment" in log.shop.row("archive").health.error)
    with pytest.raises(Unavailable, match="STOCKPULSE_ARCHIVE_URL"):
        archive.test()


def test_an_event_that_arrives_in_an_unfinished_window_waits(log: Log, tmp_path: Path) -> None:
    log.sales(1)
    place = Directory(tmp_path / "archive")
    with log.archiving(log.archive(place)):
        log.wait()
        until(lambda: log.shop.row("archive").health.lag_events == 0)
        assert len(files(place)) == 1, "the last event's five minutes are not over"
        log.write(LAST - START + 3 * WINDOW_MS, an_event(5))
        log.write(LAST - START + 3 * WINDOW_MS + 20_000, an_event(6))
        until(lambda: len(files(place)) == 2, 30)


def test_a_damaged_entry_becomes_a_dead_letter_that_is_archived_once_it_is_mended(
    log: Log, tmp_path: Path
) -> None:
    log.sales(3)
    place = Directory(tmp_path / "archive")
    table = log.shop.names.audit
    key = {"ProductID": {"S": "P1"}, "EventKey": {"S": log.events[1].event_key}}
    entry = log.shop.client.get_item(TableName=table, Key=key)["Item"]
    log.shop.client.put_item(TableName=table, Item=entry | {"OccurredAt": {"S": "never"}})
    with log.archiving(log.archive(place)):
        log.wait()
        assert len(rows(place)) == 2
        (letter,) = log.shop.letters.all()
        assert "damaged" in letter.error
        log.shop.client.put_item(TableName=table, Item=entry)
        log.shop.control.request_redrive("archive", "test")
        until(lambda: list(log.shop.letters.all()) == [], 20)
    assert sorted(row["id"] for row in rows(place)) == sorted(one.id for one in log.events[:-1])
    archive = log.archive(place)
    assert [one for one in archive.check(archive.sink(), None) if one] == []


def test_a_filter_and_a_projection_say_what_leaves_the_house(log: Log, tmp_path: Path) -> None:
    log.sales(10)
    place = Directory(tmp_path / "archive")
    archive = log.archive(place, selection=Selection(attributes=["Stock"]))
    sink = replace(archive.sink(), wants=lambda event: event.product_id == "P3", poll=0.2)
    with log.shop.worker(sink):
        until(lambda: files(place), 30)
    assert [row["after"] for row in rows(place)] == [
        '{"ProductID":{"S":"P1"},"Stock":{"N":"9"}}'
    ] * 2
    assert {row["actor"] for row in rows(place)} == {None}
    assert [one for one in archive.check(sink, None) if one] == []
