"""A long history of sales in the engine's file: a million events a minute."""

from datetime import UTC, datetime
from pathlib import Path

from app.store.dynamodb.table_names import TableNames
from app.store.feed.cursor import Cursor
from bench.support.changes import change
from bench.support.store import PRODUCTS
from tests.support.history.past_writer import PastWriter, in_rows

_BATCH = 10_000
_EVERY_MS = 1_000  # one change per second, up to now


def write_past(file: Path, names: TableNames, events: int) -> None:
    """Write `events` changes with a feed row each, and the products as the changes leave them."""
    first_ms = int(datetime.now(UTC).timestamp() * 1000) - events * _EVERY_MS
    arrived = ((Cursor(first_ms + n * _EVERY_MS, "00000000", 0), change(n)) for n in range(events))
    with PastWriter(file, names) as past:
        for batch in in_rows(arrived, _BATCH):
            past.write(batch)
        past.end(change(n).after or {} for n in range(max(0, events - PRODUCTS), events))
