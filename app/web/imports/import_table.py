"""An import's rows and state are in one SQLite file, so that a crash loses none of its progress."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from app.core import json_text
from app.web.imports.import_errors import ImportNotFound
from app.web.imports.import_state import ImportRow, Outcome
from app.web.imports.reading.cells import Cell

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cells (number INTEGER PRIMARY KEY, cells TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
  number INTEGER PRIMARY KEY, product_id TEXT NOT NULL, action TEXT NOT NULL, etag TEXT NOT NULL,
  document TEXT NOT NULL, changes TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS plan_outcome ON plan (action, outcome, number);
"""
_PORTION = 500  # rows that are read at a time
_BUSY = 10.0  # seconds that a connection waits for another process

# Which rows a list has, by the name of its filter.
FILTERS = {
    "all": "1",
    "create": "action = 'create'",
    "change": "action = 'change'",
    "unchanged": "action = 'unchanged'",
    "refused": "(action = 'refused' OR outcome IN ('refused', 'kept'))",
}


class ImportTable:
    """The file of one import; a context manager that closes it. Thread-safe.

    Each method raises ImportNotFound once it is closed: somebody else has deleted the import.
    """

    def __init__(self, path: Path) -> None:
        path.touch(0o600)
        self._lock = threading.Lock()
        self._is_closed = False
        self._connection = sqlite3.connect(
            path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._is_closed = True
            self._connection.close()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._is_closed:
                raise ImportNotFound
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as opened, opened as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def _all(self, statement: str, *values: Any) -> list[Any]:
        with self._opened() as connection:
            return connection.execute(statement, values).fetchall()

    def save(self, **values: Any) -> None:
        """Store values under names, all at once."""
        pairs = [(name, json_text.dumps(value).decode()) for name, value in values.items()]
        with self._writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", pairs)

    def saved(self) -> dict[str, Any]:
        """Every stored value."""
        return {name: json_text.loads(value) for name, value in self._all("SELECT * FROM meta")}

    def clear(self, *tables: str) -> None:
        """Delete all rows of these tables."""
        with self._writing() as connection:
            for table in tables:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own

    def add_cells(self, rows: Iterable[tuple[int, Sequence[Cell]]]) -> int:
        """Add rows of the file; returns the bytes that they take."""
        encoded = [(number, json_text.dumps(cells).decode()) for number, cells in rows]
        with self._writing() as connection:
            connection.executemany("INSERT INTO cells VALUES (?, ?)", encoded)
        return sum(len(cells) for _, cells in encoded)

    def cells(self) -> Iterator[list[tuple[int, list[Cell]]]]:
        """The rows of the file, in portions."""
        last = 0
        statement = "SELECT * FROM cells WHERE number > ? ORDER BY number LIMIT ?"
        while found := self._all(statement, last, _PORTION):
            last = found[-1][0]
            yield [(number, json_text.loads(cells)) for number, cells in found]

    def first_cells(self) -> list[Cell]:
        """The cells of the first row; none if there is no row."""
        found = self._all("SELECT cells FROM cells ORDER BY number LIMIT 1")
        return json_text.loads(found[0][0]) if found else []

    def add_rows(self, rows: Iterable[ImportRow]) -> None:
        """Add what rows do."""
        encoded = [
            (
                row.number,
                row.product_id,
                row.action,
                row.etag,
                json_text.dumps(row.document).decode(),
                json_text.dumps(row.changes).decode(),
                row.reason,
                row.outcome,
            )
            for row in rows
        ]
        with self._writing() as connection:
            connection.executemany("INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)", encoded)

    def rows(self, name: str, after: int, limit: int) -> list[ImportRow]:
        """Up to `limit` rows of a list, those with numbers above `after`."""
        found = self._all(
            f"SELECT * FROM plan WHERE {FILTERS[name]} AND number > ? ORDER BY number LIMIT ?",  # noqa: S608
            after,
            limit,
        )
        return [_row(one) for one in found]

    def pending(self, outcome: Outcome, limit: int) -> list[ImportRow]:
        """Up to `limit` rows with this outcome that are to be written, or were."""
        found = self._all(
            "SELECT * FROM plan WHERE action IN ('create', 'change') AND outcome = ? "
            "ORDER BY number LIMIT ?",
            outcome,
            limit,
        )
        return [_row(one) for one in found]

    def settle(self, rows: Iterable[tuple[int, Outcome, str]]) -> None:
        """Store the outcomes of rows, with the reasons of those that were refused."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE plan SET outcome = ?2, reason = ?3 WHERE number = ?1", rows
            )

    def reopen(self) -> None:
        """Try again to take back the rows that were not taken back."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE plan SET outcome = 'written', reason = '' WHERE outcome = 'kept'"
            )

    def counts(self) -> list[tuple[str, str, int]]:
        """How many rows have which action and outcome."""
        return self._all("SELECT action, outcome, COUNT(*) FROM plan GROUP BY action, outcome")


def _row(found: tuple[Any, ...]) -> ImportRow:
    number, product_id, action, etag, document, changes, reason, outcome = found
    return ImportRow(
        number,
        product_id,
        action,
        json_text.loads(changes),
        reason,
        etag,
        json_text.loads(document),
        outcome,
    )
