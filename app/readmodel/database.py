"""One SQLite file: one writer at a time, readers beside it. It can be deleted at any time.

A file that is damaged, of another schema or of other tables is replaced by an empty one.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from app.readmodel.schema import TABLES, VERSION

_log = logging.getLogger(__name__)

CACHE_KIB = 16 * 1024  # of pages, per connection that is kept
_READERS = 5  # connections that are kept; further ones are closed after use
_SMALL_CACHE_KIB = 2 * 1024  # of these
_BUSY = 5.0  # seconds that a connection waits for another one


class Database:
    """The file's connections; a context manager that closes them. Thread-safe.

    `identity` names the tables that the copy is of.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self._identity = f"{VERSION} {identity}"
        self._lock = threading.Lock()
        self._idle: list[tuple[object, sqlite3.Connection]] = []  # each with its file's `made`
        self._kept = threading.Semaphore(_READERS)
        self.made = object()  # another one for each file
        self._writer = self._open_or_replace()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            for connection in (self._writer, *(idle for _, idle in self._idle)):
                connection.close()
            self._idle.clear()

    @contextmanager
    def writing(self, then: Callable[[], None] = lambda: None) -> Iterator[sqlite3.Connection]:
        """A transaction, committed at the end of the block; `then` runs before the next one.

        Raises:
            sqlite3.Error: nothing of it was written.

        """
        with self._lock:
            with self._writer as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
            then()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection whose reads all see the same state.

        Raises:
            sqlite3.Error: the file cannot be read.

        """
        is_kept = self._kept.acquire(blocking=False)
        try:
            made, connection = self._taken(is_kept=is_kept)
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                with suppress(sqlite3.Error):
                    connection.rollback()
                if is_kept and made is self.made:
                    self._idle.append((made, connection))
                else:
                    connection.close()
        finally:
            if is_kept:
                self._kept.release()

    def _taken(self, *, is_kept: bool) -> tuple[object, sqlite3.Connection]:
        """A connection, and what identifies the file that it reads."""
        if not is_kept:
            return self.made, self._connect(_SMALL_CACHE_KIB)
        with suppress(IndexError):
            while True:
                made, connection = self._idle.pop()
                if made is self.made:
                    return made, connection
                connection.close()  # it came back while the file was replaced
        return self.made, self._connect()

    def replace(self) -> None:
        """Start again with an empty file."""
        with self._lock:
            self._writer.close()
            self._writer = self._create()
            self.made = object()  # a connection in use reads the deleted file to its end
            self._idle.clear()

    def _open_or_replace(self) -> sqlite3.Connection:
        if not self._path.exists():
            return self._create()
        connection = self._connect()
        try:
            row = connection.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()
            if row == (self._identity,):
                return connection
            _log.info("the read model is of other tables or another version: it is filled again")
        except sqlite3.DatabaseError as error:
            _log.warning("the read model %s is damaged (%s): it is filled again", self._path, error)
        connection.close()
        return self._create()

    def _create(self) -> sqlite3.Connection:
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).unlink()
        self._path.touch(0o600)  # SQLite gives its other files the same mode
        connection = self._connect()
        connection.executescript(TABLES)
        save(connection, "identity", self._identity)
        return connection

    def _connect(self, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        with suppress(sqlite3.DatabaseError):  # a damaged file is reported at its first read
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{cache_kib}")
            connection.execute("PRAGMA temp_store = MEMORY")
        return connection


def save(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Store a value under a name; None deletes it."""
    if value is None:
        connection.execute("DELETE FROM meta WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def saved(connection: sqlite3.Connection, name: str) -> Any:
    """The value stored under a name; None if there is none."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]
