"""The engine's SQLite file is changed only while no engine runs, and unread records are kept.

The engine (dynoxide 1.2.1) reads a table's highest sequence number at each write, without an
index, and never trims its stream. So we add two indexes, and delete stream records that are older
than a day and at or below every consumer's checkpoint. A table's newest record is never deleted:
the next sequence number is the maximum plus one, so an empty stream would reuse old numbers.
"""

import contextlib
import logging
import math
import sqlite3
import time
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from pathlib import Path

from app.store.engine.errors import EngineFailed

log = logging.getLogger(__name__)

_COLUMNS = {"table_name", "shard_id", "sequence_number", "created_at"}
_NUMBER = "CAST(sequence_number AS INTEGER)"
_INDEXES = {
    # For the MAX at each write.
    "stockpulse_newest": f"(table_name, {_NUMBER})",
    # For GetRecords; with the last column, DescribeStream reads only the index.
    "stockpulse_position": f"(table_name, shard_id, {_NUMBER}, sequence_number)",
}
_BATCH = 5_000  # records per transaction, about 50 ms: keeps the write-ahead log small
_BUSY = 5.0  # seconds to wait for another program's lock
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "make the file and its folder readable and writable",
    sqlite3.SQLITE_BUSY: "another program has it locked: stop that program",
    sqlite3.SQLITE_CORRUPT: "restore a backup, or move the file away to start empty",
    sqlite3.SQLITE_NOTADB: "restore a backup, or move the file away to start empty",
}


class Shape(Enum):
    """The state of the engine's file."""

    NEW = auto()  # no stream yet: the engine must create its schema first
    UNINDEXED = auto()  # the indexes are missing
    READY = auto()
    UNKNOWN = auto()  # an unknown schema: left unchanged


def shape(file: Path) -> Shape:
    """The state of `file`; can be called while an engine runs on it."""
    if not file.exists():
        return Shape.NEW
    with _opened(file, "ro") as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(_stream_records)")}
        indexes = {row[1] for row in database.execute("PRAGMA index_list(_stream_records)")}
    if not columns:
        return Shape.NEW
    if not columns >= _COLUMNS:
        return Shape.UNKNOWN
    return Shape.READY if indexes >= _INDEXES.keys() else Shape.UNINDEXED


def add_indexes(file: Path) -> None:
    """Add the indexes, which keep the cost of a write independent of the stream's length."""
    with _opened(file, "rw") as database:
        for name, columns in _INDEXES.items():
            database.execute(f"CREATE INDEX IF NOT EXISTS {name} ON _stream_records {columns}")


def has_older(file: Path, before: int) -> bool:
    """Whether any shard's oldest record, except a table's newest, is older than `before`.

    `before` is Unix time in seconds.
    """
    with _opened(file, "ro") as database:
        return any(
            created < before and number < _newest(database, table)
            for table, shard in _shards(database)
            for created, number in database.execute(
                f"SELECT created_at, {_NUMBER} FROM _stream_records "  # noqa: S608
                f"WHERE table_name = ? AND shard_id = ? ORDER BY {_NUMBER} LIMIT 1",
                (table, shard),
            )
        )


def trim(
    file: Path, positions: Mapping[tuple[str, str], int], before: int, seconds: float = math.inf
) -> int:
    """Delete records that are older than `before` (Unix time) and at or below a shard's position.

    A shard without a position keeps everything. Deletion stops after the first batch that ends
    after `seconds`; the rest is left for another time. Returns the number of deleted records.
    """
    until = time.monotonic() + seconds
    with _opened(file, "rw") as database:
        total = 0
        for table, shard in list(_shards(database)):
            if (position := positions.get((table, shard))) is not None:
                last = min(position, _newest(database, table) - 1)
                total += _trim_shard(database, (table, shard), last, before, until)
        return total


def _trim_shard(
    database: sqlite3.Connection, shard: tuple[str, str], last: int, before: int, until: float
) -> int:
    total, done = 0, -1
    within = f"table_name = ? AND shard_id = ? AND {_NUMBER} > ? AND {_NUMBER} <= ?"
    while True:
        (upto,) = database.execute(
            f"SELECT MAX(number) FROM (SELECT {_NUMBER} AS number FROM _stream_records "  # noqa: S608
            f"WHERE {within} ORDER BY {_NUMBER} LIMIT {_BATCH})",
            (*shard, done, last),
        ).fetchone()
        if upto is None:
            return total
        gone = database.execute(
            f"DELETE FROM _stream_records WHERE {within} AND created_at < ?",  # noqa: S608
            (*shard, done, upto, before),
        ).rowcount
        if not gone:  # records are in order of time: the rest is newer
            return total
        total, done = total + gone, upto
        if time.monotonic() >= until:
            return total


def _newest(database: sqlite3.Connection, table: str) -> int:
    query = f"SELECT MAX({_NUMBER}) FROM _stream_records WHERE table_name = ?"  # noqa: S608
    (number,) = database.execute(query, (table,)).fetchone()
    return int(number)


def _shards(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Each (table, shard), found by skipping along the index.

    A DISTINCT would read the whole index, and so would `(table_name, shard_id) > (?, ?)`.
    """
    columns = "SELECT table_name, shard_id FROM _stream_records "
    same_table = columns + "WHERE table_name = ? AND shard_id > ? ORDER BY shard_id LIMIT 1"
    next_table = columns + "WHERE table_name > ? ORDER BY table_name, shard_id LIMIT 1"
    found: tuple[str, str] | None = ("", "")
    while found is not None:
        here = found
        found = (
            database.execute(same_table, here).fetchone()
            or database.execute(next_table, here[:1]).fetchone()
        )
        if found is not None:
            yield found


@contextlib.contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """The open database; each statement is a transaction, and SQLite's errors are translated."""
    try:
        uri = f"{file.as_uri()}?mode={mode}"
        with contextlib.closing(
            sqlite3.connect(uri, uri=True, timeout=_BUSY, isolation_level=None)
        ) as database:
            yield database
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
        remedy = _REMEDIES.get(code, "check the disk, or restore a backup")
        raise EngineFailed(
            f"cannot use the embedded engine's file {file} ({error}): {remedy}"
        ) from error
