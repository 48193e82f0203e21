"""An archive in a directory; the bare loop writes as many Parquet files with pyarrow, and syncs."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.events import ChangeEvent
from bench.support.sinks.trial import Trial
from worker.consumers.files.windows import WINDOW_MS
from worker.sinks.archive.archive import NAME
from worker.sinks.archive.parquet import SCHEMA
from worker.sinks.archive.rows import row_of

_FILE = WINDOW_MS // 1_000  # events of five minutes: `write_past` stamps one a second
_SETTLES = 20  # events of the seconds after which a file of the last five minutes is due


@contextmanager
def archive(folder: Path) -> Iterator[Trial]:
    """A directory for each."""
    bare, numbers = folder / "bare", count()
    bare.mkdir()

    def write(events: Sequence[ChangeEvent]) -> None:
        table = pa.Table.from_pylist([row_of(None, event) for event in events], schema=SCHEMA)
        with (bare / f"{next(numbers)}.parquet").open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())

    environment = {"STOCKPULSE_ARCHIVE_URL": str(folder / "archive")}
    yield Trial(NAME, environment, write, _FILE, later=_FILE + _SETTLES)
