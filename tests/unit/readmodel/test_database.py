"""A file that cannot be used is replaced; nothing depends on it."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.readmodel.database import Database, save, saved


def contents(path: Path, identity: str = "tables") -> object:
    with Database(path, identity) as database, database.reading() as connection:
        return saved(connection, "x")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "copy.sqlite"
    with Database(path, "tables") as database, database.writing() as connection:
        save(connection, "x", 7)
    return path


def test_file_is_used_again(path: Path) -> None:
    assert contents(path) == 7


def test_file_of_other_tables_is_replaced(path: Path) -> None:
    assert contents(path, "other tables") is None
    assert contents(path) is None


@pytest.mark.parametrize("garbage", [b"", b"no database", os.urandom(64 * 1024)])
def test_damaged_file_is_replaced(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    assert contents(path) is None


def test_only_its_user_can_read_the_file(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0


def test_failed_transaction_writes_nothing(path: Path) -> None:
    with Database(path, "tables") as database:
        with suppress(ZeroDivisionError), database.writing() as connection:
            save(connection, "x", 8)
            save(connection, "x", 1 / 0)
        with database.reading() as connection:
            assert saved(connection, "x") == 7


def test_reader_sees_one_state_while_another_writes(path: Path) -> None:
    with Database(path, "tables") as database, database.reading() as reader:
        assert saved(reader, "x") == 7
        with database.writing() as connection:
            save(connection, "x", 8)
        assert saved(reader, "x") == 7


def test_reader_of_a_replaced_file_is_not_used_again(path: Path) -> None:
    with Database(path, "tables") as database:
        with database.reading() as reader:
            database.replace()
            assert saved(reader, "x") == 7
        with database.reading() as reader:
            assert saved(reader, "x") is None


def test_reader_that_ends_while_the_file_is_replaced_is_not_used_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Idle(list[object]):
        def append(self, connection: object) -> None:
            database.replace()
            super().append(connection)

    with Database(path, "tables") as database:
        monkeypatch.setattr(database, "_idle", Idle())
        with database.reading() as reader:
            assert saved(reader, "x") == 7
        with database.reading() as reader:
            assert saved(reader, "x") is None


def test_more_readers_than_are_kept_take_little_memory(path: Path) -> None:
    with Database(path, "tables") as database, ExitStack() as readers:
        caches = [
            readers.enter_context(database.reading()).execute("PRAGMA cache_size").fetchone()[0]
            for _ in range(8)
        ]
        assert caches == [-16 * 1024] * 5 + [-2 * 1024] * 3
        readers.close()
        with database.reading() as connection:
            assert connection.execute("PRAGMA cache_size").fetchone() == (-16 * 1024,)
