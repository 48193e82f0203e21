"""A long history of sales in the engine's file: a million events a minute."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.core.events import ChangeEvent
from app.store.audit.entry import Signer
from app.store.dynamodb.table_names import TableNames
from app.store.feed.cursor import Cursor
from bench.support.changes import change
from bench.support.store import PRODUCTS
from tests.support.history.past_writer import PastWriter, in_rows

_BATCH = 10_000
_EVERY_MS = 1_000  # one change per second, up to now


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
    first_ms = int(datetime.now(UTC).timestamp() * 1000) - events * _EVERY_MS
    arrived = ((Cursor(first_ms + n * _EVERY_MS, "00000000", 0), make(n)) for n in range(events))
    with PastWriter(file, names, Signer("bench", key)) as past:
        for batch in in_rows(arrived, _BATCH):
            past.write(batch)
        past.end(make(n).after or {} for n in range(max(0, events - products), events))
