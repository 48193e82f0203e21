"""A restore rebuilds the products of a time, byte for byte, and names those that it cannot."""

import argparse
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.commands.common import CommandError
from app.commands.restore import command
from app.core.events import RESERVED, ChangeEvent, rfc3339
from app.core.item import Item, canonical
from app.store.feed.cursor import wall_ms
from tests.integration.sinks.archive.kit import LAST, START, Log, rows
from tests.support.builders import LABEL, an_event, an_item
from tests.support.waiting import until
from worker.consumers.files import windows
from worker.consumers.files.windows import WINDOW_MS
from worker.sinks.archive.directory import Directory
from worker.sinks.archive.selections import Selection

T = datetime.fromtimestamp(START / 1000, UTC)

Restored = Callable[..., tuple[int, str, list[Item]]]


def item(product_id: str, stock: int) -> Item:
    return an_item(product_id, Stock=stock, Photo=b"\x00\xff", Codes={"SS": ["b", "a"]})


def new(number: int, product_id: str, after: Item, **more: Any) -> ChangeEvent:
    return an_event(
        number,
        product_id=product_id,
        kind="inserted",
        event_name="INSERT",
        before=None,
        after=after,
        **more,
    )


@pytest.fixture
def restored(log: Log, capsys: pytest.CaptureFixture[str]) -> Restored:
    """Restores to a table; returns the exit status, what was printed, and the table's items."""

    def run(
        source: str, moment: datetime, table: str = "", *, incomplete: bool = False
    ) -> tuple[int, str, list[Item]]:
        table = table or f"{log.shop.settings.table_prefix}restored-{wall_ms()}"
        arguments = argparse.Namespace(
            as_of=rfc3339(moment), to=table, source=source, incomplete=incomplete
        )
        status = command.run(arguments, log.shop.settings)
        return status, capsys.readouterr().out, log.shop.client.scan(TableName=table)["Items"]

    return run


def same(found: list[Item], *expected: Item) -> bool:
    return sorted(map(canonical, found)) == sorted(map(canonical, expected))


@pytest.mark.parametrize("form", ["parquet", "ndjson", "audit"])
def test_the_products_of_a_time(log: Log, tmp_path: Path, restored: Restored, form: Any) -> None:
    hour, late = T + timedelta(hours=1), T + timedelta(hours=3)
    log.write(0, new(1, "P1", item("P1", 1), occurred_at=T))
    log.write(1, an_event(2, before=item("P1", 1), after=item("P1", 2), occurred_at=hour))
    log.write(2, an_event(3, before=item("P1", 2), after=item("P1", 3), occurred_at=late))
    log.write(3, new(4, "P2", item("P2", 5), occurred_at=T))
    gone = {"kind": "deleted", "event_name": "REMOVE", "after": None}
    log.write(4, an_event(5, product_id="P2", before=item("P2", 5), occurred_at=hour, **gone))
    log.write(5, new(6, "P3", item("P3", 7), occurred_at=late))  # did not exist yet
    large = an_item("P4", Photo=random.Random(1).randbytes(300_000))
    log.write(6, an_event(7, product_id="P4", occurred_at=T, before=large, after=large))
    older = {"before": item("P5", 1), "after": item("P5", 2)}
    log.write(7, an_event(8, product_id="P5", occurred_at=late, **older))
    internal = {"kind": "internal", "before": item("P6", 1), "after": item("P6", 2)}
    log.write(8, new(9, "P6", item("P6", 1), occurred_at=T))
    log.write(9, an_event(10, product_id="P6", occurred_at=hour, **internal))
    log.write(10, an_event(11, kind="gap", product_id=f"{RESERVED}s", before=None, after=None))
    log.end()
    source = "audit"
    if form != "audit":
        place = Directory(tmp_path / "archive")
        log.archived(log.archive(place, form))
        source = place.name
    status, said, items = restored(source, hour)
    assert same(items, item("P1", 2), item("P6", 2)), said
    assert status == 1
    assert "'P4' is not restored: the event of" in said
    assert "'P5' is not restored: its history begins later" in said
    assert "2 products as of" in said
    assert "2 more existed" in said
    assert "equal to the image" in said


@pytest.mark.parametrize("kept_in", ["archive", "audit"])
def test_a_void_entry_does_not_count(
    log: Log, tmp_path: Path, restored: Restored, kept_in: str
) -> None:
    """A comparison saw the table before the record of a change had arrived."""
    key = f"{LABEL}#{100_000_000_000_000_000_001:040d}~r0000"
    log.write(0, new(1, "P1", item("P1", 1), occurred_at=T))
    entry = {"kind": "reconciled", "event_key": key, "before": item("P1", 1)}
    at = T + timedelta(minutes=2)
    log.write(1, an_event(1, after=item("P1", 9), occurred_at=at, **entry))
    first = {"before": item("P1", 1), "after": item("P1", 2)}
    log.write(2, an_event(2, occurred_at=T + timedelta(minutes=1), **first))
    log.write(WINDOW_MS, new(3, "P2", item("P2", 1), occurred_at=at))
    log.end()
    place = Directory(tmp_path / "archive")
    if kept_in == "archive":
        log.archived(log.archive(place))
    source = place.name if kept_in == "archive" else "audit"
    _, said, items = restored(source, T)
    assert same(items, item("P1", 1))
    assert "The last change in the archive" not in said
    later = datetime.fromtimestamp(LAST / 1000, UTC)
    assert ("The last change in the archive arrived" in restored(source, later)[1]) == (
        kept_in == "archive"
    )
    assert same(restored(source, at)[2], item("P1", 2), item("P2", 1))


def test_what_the_table_held_is_what_is_restored(
    log: Log, tmp_path: Path, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real changes by another program, through the stream, the audit and the archive."""
    monkeypatch.setattr(windows, "WINDOW_MS", 1_000)
    shop, names = log.shop, log.shop.names
    held: list[tuple[datetime, list[Item]]] = []
    with shop.worker():
        for step in range(2):
            for number in range(30):
                after = item(f"P{number}", 100 * step + number)
                shop.client.put_item(TableName=names.products, Item=after)
            for number in range(5 * step, 5 * step + 5):
                key = {"ProductID": {"S": f"P{number}"}}
                shop.client.delete_item(TableName=names.products, Key=key)
            shop.wake.hint()
            entries = 35 * (step + 1)
            until(lambda count=entries: _count(log, names.audit) == count)
            held.append((datetime.now(UTC), shop.client.scan(TableName=names.products)["Items"]))
            second = datetime.now(UTC).replace(microsecond=0)
            until(lambda at=second: datetime.now(UTC) > at + timedelta(seconds=1.1))
    later = new(999, "P-last", item("P-last", 1), occurred_at=datetime.now(UTC))
    log.write(wall_ms() + 60_000 - START, later)
    place = Directory(tmp_path / "archive")
    with log.archiving(log.archive(place)):
        until(lambda: len(rows(place)) == 70, 30)
    for moment, items in held:
        for source in (place.name, "audit"):
            status, said, found = restored(source, moment)
            assert same(found, *items), said
            assert status == 0, said


def _count(log: Log, table: str) -> int:
    return int(log.shop.client.scan(TableName=table, Select="COUNT")["Count"])


def test_an_archive_that_left_something_out_is_restored_only_on_demand(
    log: Log, tmp_path: Path, restored: Restored
) -> None:
    """Also after the settings are whole again: what was left out then is still missing."""
    log.write(0, new(1, "P1", item("P1", 1), occurred_at=T))
    log.end()
    place = Directory(tmp_path / "archive")
    pattern = '{"data":{"kind":["inserted"]}}'
    log.archived(log.archive(place, selection=Selection(pattern, ("Stock", "Codes"))))
    log.archived(log.archive(place, selection=Selection(pattern, ("Stock", "Codes"))))
    log.archived(log.archive(place))
    with pytest.raises(CommandError) as refused:
        restored(place.name, T)
    for said in ("is not complete", pattern, "kept: Codes, Stock", "--from audit", "--incomplete"):
        assert said in str(refused.value)
    status, said, items = restored(place.name, T, incomplete=True)
    assert status == 0
    assert same(items, {name: item("P1", 1)[name] for name in ("ProductID", "Stock", "Codes")})
    assert said.count("The archive is not complete: ") == 2


def test_a_table_with_items_is_not_touched(log: Log, restored: Restored) -> None:
    log.write(0, new(1, "P1", item("P1", 1), occurred_at=T))
    log.shop.put("P9", 1)
    with pytest.raises(CommandError, match="is not empty, and a restore overwrites nothing"):
        restored("audit", T, log.shop.names.products)
    with pytest.raises(CommandError, match="has the key ProductID \\(S\\), EventKey"):
        restored("audit", T, log.shop.names.audit)
    with pytest.raises(CommandError, match="there is no archive of Stockpulse in /nowhere"):
        restored("/nowhere", T)
    with pytest.raises(CommandError, match="must be s3://bucket"):
        restored("nowhere", T)
    with pytest.raises(CommandError, match="in the future"):
        restored("audit", datetime.now(UTC) + timedelta(hours=1))


def test_a_table_that_differs_after_the_write_is_no_success(
    log: Log, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(0, new(1, "P1", item("P1", 1), occurred_at=T))
    log.write(1, new(2, "P2", item("P2", 1), occurred_at=T))
    log.end()
    table = f"{log.shop.settings.table_prefix}disturbed"
    differences = command.Target.differences

    def disturbed(target: Any) -> Any:
        log.shop.client.put_item(TableName=table, Item=item("P1", 5))
        log.shop.client.put_item(TableName=table, Item=item("P3", 5))
        log.shop.client.delete_item(TableName=table, Key={"ProductID": {"S": "P2"}})
        return differences(target)

    monkeypatch.setattr(command.Target, "differences", disturbed)
    status, said, _ = restored("audit", T, table)
    assert status == 1
    for line in ("'P1' differs from", "'P2' is not in", "'P3' is in the table", "3 of them"):
        assert line in said
