"""Writes a long history into the engine's file while no engine runs: a million events a minute.

Over its API the engine accepts about 400 batches per second. The layout is that of dynoxide 1.2.1:
an SQLite table for each DynamoDB table, keys as `S:value`, items as DynamoDB JSON, a hash of
the partition key for parallel scans.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import orjson

from app.core.events import ChangeEvent
from app.store.audit.entry import Signer
from app.store.dynamodb.table_names import TableNames
from app.store.feed.cursor import Cursor
from bench.support.changes import change
from bench.support.store import PRODUCTS

_INSERT = 'INSERT INTO "{}" (pk, sk, item_json, item_size, hash_prefix) VALUES (?, ?, ?, ?, ?)'
_BATCH = 10_000
_EVERY_MS = 1_000  # one change per second, up to now

Item = dict[str, Any]


def write_past(
    file: Path,
    names: TableNames,
    events: int,
    make: Callable[[int], ChangeEvent] = change,
    products: int = PRODUCTS,
    key: bytes = b"b" * 32,
) -> None:
    """Write `events` changes with a feed row each, and the products as the changes leave them.

    `make` returns the change with a number; `products` changes in a row are of different products.
    """
    signer = Signer("bench", key)
    first_ms = int(datetime.now(UTC).timestamp() * 1000) - events * _EVERY_MS
    with closing(sqlite3.connect(file, isolation_level=None)) as engine:
        for start in range(0, events, _BATCH):
            numbers = range(start, min(start + _BATCH, events))
            made = [(make(n), Cursor(first_ms + n * _EVERY_MS, "00000000", 0)) for n in numbers]
            engine.execute("BEGIN")
            _write(engine, names.audit, ["ProductID", "EventKey"], _entries(made, signer))
            _write(engine, names.feed, ["Day", "Cursor"], _feed_rows(made))
            engine.execute("COMMIT")
        days = {Cursor(first_ms + n * _EVERY_MS, "", 0).day for n in range(0, events, 3_600)}
        days.add(datetime.now(UTC).strftime("%Y-%m-%d"))
        rows = ({"Day": {"S": "days"}, "Cursor": {"S": day}} for day in days)
        _write(engine, names.feed, ["Day", "Cursor"], rows)
        last = (make(n).after or {} for n in range(max(0, events - products), events))
        _write(engine, names.products, ["ProductID"], last)


def _entries(made: list[tuple[ChangeEvent, Cursor]], signer: Signer) -> Iterator[Item]:
    return (signer.entry(event) for event, _ in made)


def _feed_rows(made: list[tuple[ChangeEvent, Cursor]]) -> Iterator[Item]:
    for event, cursor in made:
        ref = [{"S": event.product_id}, {"S": event.event_key}]
        yield {
            "Day": {"S": cursor.day},
            "Cursor": {"S": str(cursor)},
            "Events": {"L": [{"L": ref}]},
        }


def _write(engine: sqlite3.Connection, table: str, keys: list[str], items: Iterator[Item]) -> None:
    def row(item: Item) -> tuple[str, str, str, int, str]:
        pk, sk = [*(f"S:{item[key]['S']}" for key in keys), ""][:2]
        encoded = orjson.dumps(item).decode()
        place = md5(f"Outliers{pk[2:]}".encode(), usedforsecurity=False).hexdigest()[:6]
        return pk, sk, encoded, len(encoded), place

    engine.executemany(_INSERT.format(table), map(row, items))
