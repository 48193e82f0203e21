"""A changed schema and another owner make the sink wait; a value that cannot be stored does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.consumers.kit import Shop
from tests.integration.replica.kit import Replicated
from tests.support.builders import an_event, an_item
from tests.support.outside.postgres_server import PostgresServer
from worker.consumers.sink import Unavailable
from worker.sinks.owner_mark import TargetTaken

TABLE = "stockpulse_products"
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("change", "undo", "words"),
    [
        (
            "ALTER TABLE {table} DROP COLUMN barcode",
            "ALTER TABLE {table} ADD COLUMN barcode TEXT",
            "the column stockpulse_products.barcode is missing",
        ),
        (
            "ALTER TABLE {table} ADD COLUMN shop TEXT NOT NULL DEFAULT 'x'",
            "SELECT 1",
            None,
        ),
        (
            "ALTER TABLE {table} RENAME TO other",
            "ALTER TABLE other RENAME TO {table}",
            "the table stockpulse_products is missing",
        ),
    ],
)
def test_changed_schema_is_reported_in_words_and_waits(
    replicated: Replicated, change: str, undo: str, words: str | None
) -> None:
    replica = replicated.replica()
    replica.deliver([an_event(1)])
    replicated.execute(change.format(table=TABLE))
    if words is None:  # a column that may be left out does no harm
        assert replica.deliver([an_event(2)]) == []
        return
    with pytest.raises(Unavailable):  # in the database's own words
        replica.deliver([an_event(2)])
    for worker in (replica, replicated.replica()):
        with pytest.raises(Unavailable, match="drop the replica's tables") as found:
            worker.deliver([an_event(2)])
        assert words in str(found.value)
    replicated.execute(undo.format(table=TABLE))
    assert replica.deliver([an_event(2)]) == []
    assert replicated.execute("SELECT count(*) FROM stockpulse_events") == [(2,)]


def test_narrower_column_rejects_no_event(replicated: Replicated) -> None:
    if replicated.is_sqlite:  # it does not enforce types
        return
    replica = replicated.replica()
    replica.deliver([an_event(1)])
    replicated.execute(f"ALTER TABLE {TABLE} ALTER COLUMN name TYPE varchar(8)")
    with pytest.raises(Unavailable, match=r"name is VARCHAR\(8\) instead of TEXT"):
        replica.deliver([an_event(2, after=an_item(ProductName="A longer name"))])


def test_two_deployments_never_share_a_replica(replicated: Replicated, tmp_path: Path) -> None:
    replicated.replica().deliver([an_event(1)])
    settings = replicated.shop.settings
    other = Shop(settings.model_copy(update={"table_prefix": f"{settings.table_prefix}b-"}))
    with Replicated(other, replicated.url) as second:
        replica = second.replica()
        with pytest.raises(TargetTaken, match=r"belongs to another deployment .*REPLICA_PREFIX"):
            replica.deliver([an_event(2)])
    other.close()
    assert replicated.execute("SELECT count(*) FROM stockpulse_events") == [(1,)]


def test_value_that_cannot_be_stored_is_rejected_alone(replicated: Replicated) -> None:
    events = [an_event(n, product_id=f"P{n}") for n in range(10)]
    bad = "half an emoji: \ud83d" if replicated.is_sqlite else "a NUL: \0"
    events[3] = replace(events[3], note=bad)
    rejected = replicated.replica().deliver(events)
    assert [one.event.id for one in rejected] == [events[3].id]
    assert "refuses it: " in rejected[0].error
    assert [row[0] for row in replicated.products()] == [f"P{n}" for n in range(10) if n != 3]


def test_constraint_that_somebody_added_waits(replicated: Replicated) -> None:
    replica = replicated.replica()
    replica.deliver([an_event(1)])
    replicated.execute(f"CREATE UNIQUE INDEX one_name ON {TABLE} (name)")
    with pytest.raises(Unavailable, match=r"refuses the changes: .*drop it, or correct"):
        replica.deliver([an_event(2, product_id="P2")])


def test_trouble_is_told_in_sentences_without_the_password(
    replicated: Replicated, postgres: PostgresServer, tmp_path: Path
) -> None:
    closed = f"postgresql://shop:{SECRET}@127.0.0.1:9/shop"
    (tmp_path / "text").write_text("no database" * 1000)
    cases: list[tuple[str, str]] = [
        (postgres.url(password=SECRET), "Check user and password"),
        (postgres.url("nothing"), 'database "nothing" does not exist. Create it'),
        (closed, "at 127.0.0.1:9 cannot be used: connection failed"),
        (f"sqlite:///{tmp_path / 'no' / 'folder'}", "The folder must exist"),
        (f"sqlite:///{tmp_path / 'text'}", "file is not a database. Choose another file"),
    ]
    for url, words in cases:
        with pytest.raises(Unavailable) as found:
            replicated.replica(url).deliver([an_event(1)])
        assert words in str(found.value)
        assert SECRET not in str(found.value)


def test_test_writes_nothing(replicated: Replicated) -> None:
    sink = replicated.sink()
    assert sink.test is not None
    assert "accepted a row" in sink.test()
    assert replicated.products() == []
    replicated.execute("DROP TABLE stockpulse_events")
    with pytest.raises(Unavailable):
        sink.test()


def test_hanging_server_is_given_up(replicated: Replicated) -> None:
    if replicated.is_sqlite:
        return
    with PostgresServer() as server:
        replica = replicated.replica(server.url(), seconds=1.0)
        replica.deliver([an_event(1)])
        server.hang()
        with pytest.raises(Unavailable):
            replica.deliver([an_event(2)])
        server.resume()
        assert replica.deliver([an_event(2)]) == []
