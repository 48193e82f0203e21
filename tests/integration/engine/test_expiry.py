"""The embedded engine expires nothing, so expired rows of our own tables are swept."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames
from app.store.expiry import GRACE, LATER, PAGE, REST, ExpirySweep
from tests.support.processes.running import serving, settings_for

NOW = 1_800_000_000
OLD, RECENT, FRESH = NOW - GRACE, NOW - GRACE + 1, NOW + 1


class Tables:
    """Real tables, and a sweep over those whose rows expire."""

    def __init__(self, client: Any, names: TableNames) -> None:
        self.client, self.names = client, names
        self.keys = tables.expiring_tables(names)
        self.sweep = ExpirySweep(client, self.keys, lambda: NOW)

    def put(self, table: str, row_id: str, expires: int | str | None) -> None:
        """Put a row with this id; a text is not a time."""
        item: dict[str, Any] = {name: {"S": row_id} for name in self.keys[table]}
        if expires is not None:
            item["ExpiresAt"] = {"N" if isinstance(expires, int) else "S": str(expires)}
        self.client.put_item(TableName=table, Item=item)

    def ids(self, table: str) -> set[str]:
        key = self.keys[table][0]
        return {row[key]["S"] for row in self.client.scan(TableName=table)["Items"]}

    def walk(self) -> int:
        """Sweep all tables once; returns the number of pages."""
        pages = 1
        while self.sweep.turn() != REST:
            pages += 1
        return pages


@pytest.fixture
def swept(endpoint: str, tmp_path: Path) -> Iterator[Tables]:
    settings = settings_for(endpoint, tmp_path)
    client, names = connect(endpoint).tables, settings.table_names
    tables.ensure_tables(client, names, settings.attributes)
    yield Tables(client, names)
    client.close()


def test_rows_of_every_table_are_deleted_two_days_after_their_expiry(swept: Tables) -> None:
    rows = {"1970": 1, "old": OLD, "recent": RECENT, "fresh": FRESH, "kept": None, "text": "1"}
    for table in swept.keys:
        for row_id, expires in rows.items():
            swept.put(table, row_id, expires)
    assert swept.walk() == len(swept.keys)
    for table in swept.keys:
        assert swept.ids(table) == {"recent", "fresh", "kept", "text"}, table


def test_row_that_is_written_again_before_its_deletion_is_kept(swept: Tables) -> None:
    table = swept.names.idempotency
    for row_id in ("repeated", "old"):
        swept.put(table, row_id, OLD)
    swept.client.meta.events.register(
        "after-call.dynamodb.Scan", lambda **_: swept.put(table, "repeated", FRESH)
    )
    swept.walk()
    assert "repeated" in swept.ids(table)
    swept.walk()
    assert swept.ids(table) == {"repeated"}


def test_page_is_bounded_and_the_next_turn_continues_after_it(swept: Tables) -> None:
    count = PAGE + PAGE // 2
    for number in range(count):
        swept.put(swept.names.settings, f"session {number:04d}", OLD if number % 2 else FRESH)
    while swept.ids(swept.names.settings) and swept.sweep.turn() == LATER:
        pass  # the other tables are empty
    assert len(swept.ids(swept.names.settings)) == count - PAGE // 2, "one page was swept"
    swept.sweep.turn()
    assert len(swept.ids(swept.names.settings)) == (count + 1) // 2


@pytest.mark.embedded
def test_owner_of_an_embedded_engine_sweeps_and_says_that_products_do_not_expire(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def sweeps() -> bool:
        return any(thread.name == "expiry" for thread in threading.enumerate())

    settings = settings_for("embedded", tmp_path)
    with serving(settings) as app:
        assert sweeps()
        app.tables.update_time_to_live(
            TableName=settings.table_names.products,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "Until"},
        )
    assert not sweeps()
    assert "has a TTL" not in caplog.text
    with serving(settings), caplog.at_level(logging.WARNING):
        assert "has a TTL, but the embedded engine does not expire items" in caplog.text
