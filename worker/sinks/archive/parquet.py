"""An archive's files as Parquet, compressed with zstd; the cursors are in the footer's metadata."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from app.store.feed.cursor import Cursor, parse_cursor
from worker.sinks.archive.rows import CHOOSING, COLUMNS, TEXTS, Row, size_of

GROUP_BYTES, GROUP_ROWS = 8 * 1024 * 1024, 10_000  # of a row group, which is built in memory
_BATCH = 2_000  # rows that are read at once

SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in TEXTS),
        pa.field("occurred_at", pa.timestamp("ms", "UTC")),
        pa.field("changed", pa.list_(pa.string())),
        pa.field("images_omitted", pa.bool_()),
    ]
)
# Columns with few values; a dictionary of the others would only cost time.
_FEW = ["kind", "category", "unit", "actor", "reason", "event_name", "view_type", "product_id"]


class ParquetWriter:
    """Writes rows to a file, a row group at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(
            file, SCHEMA, compression="zstd", use_dictionary=_FEW, write_statistics=[*CHOOSING]
        )
        self._rows: list[Row] = []
        self._size = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        for row in rows:
            self._rows.append(row)
            self._size += size_of(row)
            if self._size >= GROUP_BYTES or len(self._rows) >= GROUP_ROWS:
                self._flush()

    def close(self, first: Cursor | None, end: Cursor | None) -> None:
        """Write the rest and the footer: the cursors of the first and the last arrival."""
        self._flush()
        if first is not None and end is not None:
            self._writer.add_key_value_metadata(
                {"stockpulse.first": str(first), "stockpulse.end": str(end)}
            )
        self._writer.close()

    def drop(self) -> None:
        """Give the file up: without this, pyarrow would write a footer when it is collected."""
        self._writer.is_open = False

    def _flush(self) -> None:
        if self._rows:
            columns = {name: [row[name] for row in self._rows] for name in COLUMNS}
            self._writer.write_table(pa.table(columns, schema=SCHEMA))
            self._rows, self._size = [], 0


class ParquetReader:
    """Reads a file that `ParquetWriter` wrote; `OSError` and `ValueError` if it is damaged."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: Any = pq.ParquetFile(file)

    def end(self) -> Cursor | None:
        """The cursor of the last arrival; None in a file of redriven events."""
        value = (self._file.metadata.metadata or {}).get(b"stockpulse.end")
        return None if value is None else parse_cursor(value.decode())

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in order."""
        for batch in self._file.iter_batches(_BATCH):
            yield from batch.to_pylist()

    def choosing(self) -> Iterator[tuple[Any, ...]]:
        """The columns `CHOOSING` of all rows in order, `occurred_at` in ms since 1970."""
        for batch in self._file.iter_batches(GROUP_ROWS, columns=[*CHOOSING]):
            columns = [batch.column(name) for name in CHOOSING]
            columns[-1] = columns[-1].cast(
                pa.int64()
            )  # making datetimes would take most of the time
            yield from zip(*(column.to_pylist() for column in columns), strict=True)

    def some(self, numbers: Sequence[int], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Some columns of the rows with these numbers, which rise."""
        first, wanted = 0, list(numbers)
        for group in range(self._file.num_row_groups):
            end = first + self._file.metadata.row_group(group).num_rows
            own = [number - first for number in wanted if number < end]
            wanted = wanted[len(own) :]
            if own:
                table = self._file.read_row_group(group, columns=[*columns])
                yield from table.take(pa.array(own)).to_pylist()
            first = end
