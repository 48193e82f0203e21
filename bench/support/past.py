"""Writes a long history into the engine's file while no engine runs: a million events a minute.

Over its API the engine accepts about 400 batches per second. The layout is that of dynoxide 1.2.1:
an SQLite table for each DynamoDB table, keys as `S:value`, items as DynamoDB JSON.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Self

import orjson

from app.store.audit.audit_repository import Arrived
from app.store.audit.entry import Signer
from app.store.dynamodb.table_names import TableNames
from app.store.feed.cursor import Cursor
from bench.support.changes import change
from bench.support.store import PRODUCTS

_INSERT = 'INSERT INTO "{}" (pk, sk, item_json, item_size) VALUES (?, ?, ?, ?)'
_BATCH = 10_000
_EVERY_MS = 1_000  # one change per second, up to now


def write_past(file: Path, names: TableNames, events: int) -> None:
    """Write `events` changes with a feed row each, and the products as the changes leave them."""
    first_ms = int(datetime.now(UTC).timestamp() * 1000) - events * _EVERY_MS
    arrived = ((Cursor(first_ms + n * _EVERY_MS, "00000000", 0), change(n)) for n in range(events))
    with PastWriter(file, names) as past:
        while batch := list(islice(arrived, _BATCH)):
            past.write(batch)
        past.end(change(n).after or {} for n in range(max(0, events - PRODUCTS), events))


class PastWriter:
    """Writes events into the engine's file; a context manager that closes it."""

    def __init__(self, file: Path, names: TableNames) -> None:
        self._engine = sqlite3.connect(file, isolation_level=None)
        self._names = names
        self._signer = Signer("bench", b"b" * 32)
        self._days = {datetime.now(UTC).strftime("%Y-%m-%d")}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._engine.close()

    def write(self, arrived: Sequence[Arrived]) -> None:
        """Write whole rows of the feed, and their audit entries."""
        self._days |= {cursor.day for cursor, _ in arrived}
        self._engine.execute("BEGIN")
        entries = (self._signer.entry(event) for _, event in arrived)
        self._put(self._names.audit, ["ProductID", "EventKey"], entries)
        self._put(self._names.feed, ["Day", "Cursor"], _feed_rows(arrived))
        self._engine.execute("COMMIT")

    def end(self, products: Iterable[Mapping[str, Any]]) -> None:
        """Write the days of the feed, and the products."""
        rows = ({"Day": {"S": "days"}, "Cursor": {"S": day}} for day in sorted(self._days))
        self._engine.execute("BEGIN")
        self._put(self._names.feed, ["Day", "Cursor"], rows)
        self._put(self._names.products, ["ProductID"], products)
        self._engine.execute("COMMIT")

    def _put(self, table: str, keys: list[str], items: Iterable[Mapping[str, Any]]) -> None:
        def row(item: Mapping[str, Any]) -> tuple[str, str, str, int]:
            pk, sk = [*(f"S:{item[key]['S']}" for key in keys), ""][:2]
            encoded = orjson.dumps(item).decode()
            return pk, sk, encoded, len(encoded)

        self._engine.executemany(_INSERT.format(table), map(row, items))


def _feed_rows(arrived: Sequence[Arrived]) -> Iterator[dict[str, Any]]:
    """A row for each stamp; `n` numbers the events of a row."""
    for cursor, batch in groupby(arrived, key=lambda one: one[0].at(0)):
        yield {
            "Day": {"S": cursor.day},
            "Cursor": {"S": str(cursor)},
            "Events": {
                "L": [{"L": [{"S": one.product_id}, {"S": one.event_key}]} for _, one in batch]
            },
        }
