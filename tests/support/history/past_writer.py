"""Writes events into the embedded engine's file while no engine runs: some 10,000 a second.

Over its API the engine accepts about 400 batches per second. The layout is that of dynoxide 1.2.1:
an SQLite table for each DynamoDB table, keys as `S:value`, items as DynamoDB JSON, a hash of the
partition key for parallel scans.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import md5
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import orjson

from app.store.audit.audit_repository import Arrived
from app.store.audit.entry import Signer
from app.store.dynamodb.table_names import TableNames

SIGNER = Signer("past", b"p" * 32)
_INSERT = 'INSERT INTO "{}" (pk, sk, item_json, item_size, hash_prefix) VALUES (?, ?, ?, ?, ?)'


def in_rows(arrived: Iterable[Arrived], least: int) -> Iterator[list[Arrived]]:
    """Batches of at least `least` events, each of whole rows of the feed."""
    batch: list[Arrived] = []
    for one in arrived:
        if len(batch) >= least and one[0].n == 0:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


class PastWriter:
    """Writes events into the engine's file; a context manager that closes it."""

    def __init__(self, file: Path, names: TableNames, signer: Signer = SIGNER) -> None:
        self._engine = sqlite3.connect(file, isolation_level=None)
        self._names = names
        self._signer = signer
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
        def row(item: Mapping[str, Any]) -> tuple[str, str, str, int, str]:
            pk, sk = [*(f"S:{item[key]['S']}" for key in keys), ""][:2]
            encoded = orjson.dumps(item).decode()
            place = md5(f"Outliers{pk[2:]}".encode(), usedforsecurity=False).hexdigest()[:6]
            return pk, sk, encoded, len(encoded), place

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
