"""What a process reads about ended sessions does not grow with their number."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.store.access.ended_sessions import EndedSessions
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import ensure_tables
from tests.support.processes.running import settings_for

TOMORROW = datetime.now(UTC) + timedelta(days=1)


class Settings:
    """The settings table, and the number of rows that each query returned."""

    def __init__(self, tables: Any, table: str) -> None:
        self.tables, self.table = tables, table
        self.rows: list[int] = []
        tables.meta.events.register("after-call.dynamodb.Query", self._count)

    def _count(self, parsed: Any, **_: Any) -> None:
        self.rows.append(len(parsed["Items"]))

    def process(self) -> EndedSessions:
        return EndedSessions(self.tables, self.table)

    def put(self, **row: Any) -> None:
        self.tables.put_item(TableName=self.table, Item={"Kind": {"S": "ended-session"}, **row})


@pytest.fixture
def store(endpoint: str, tmp_path: Path) -> Iterator[Settings]:
    settings = settings_for(endpoint, tmp_path)
    clients = connect(endpoint)
    ensure_tables(clients.tables, settings.table_names, settings.attributes)
    yield Settings(clients.tables, settings.table_names.settings)
    clients.tables.close()
    clients.streams.close()


def test_ended_session_is_known_to_every_process_and_older_ones_are_read_once(
    store: Settings,
) -> None:
    for number in range(30):  # some ended an hour ago
        store.put(ID={"S": f"1700000000000-old{number}"}, ExpiresAt={"N": "99999999999"})
    one, other = store.process(), store.process()
    assert len(one.read()) == len(other.read()) == 30
    one.add("-a_b-c", TOMORROW)
    store.rows.clear()
    assert one.read() == other.read() > {"-a_b-c", "old0"}
    assert one.read() == other.read()
    assert max(store.rows) == 1


def test_rows_of_earlier_versions_and_of_other_programs_end_sessions_too(store: Settings) -> None:
    store.put(ID={"S": "zToken-of-earlier"}, ExpiresAt={"N": str(int(TOMORROW.timestamp()))})
    store.put(ID={"S": "1700000000000-odd"})
    store.put(ID={"S": "1700000000001-expired"}, ExpiresAt={"N": "1700000000"})
    process = store.process()
    assert process.read() == {"zToken-of-earlier", "odd"}
    store.rows.clear()
    assert len(process.read()) == 2
    assert store.rows == [0]
