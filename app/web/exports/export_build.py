"""An export is built page by page; its thread rests after each, so that requests stay quick."""

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from app.web.errors import ExportTooLarge
from app.web.exports.export_file import Dialect, Format, filename, writing
from app.web.exports.export_rows import Row, RowFormat
from app.web.exports.spreadsheet import MOST_ROWS

MOST_BYTES = 4 << 30  # of an export while it is built
FREE_BYTES = 256 << 20  # that the disk must keep

State = Literal["waiting", "running", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to export: `pages` reads the rows when it is called, `total` is their number now."""

    rows: RowFormat[Any]
    format: Format
    dialect: Dialect
    total: int
    pages: Callable[[], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Export:
    """An export's progress. `shortened`: texts that were too long for their cells."""

    id: str
    of: str
    format: Format
    total: int
    created_at: datetime
    expires_at: datetime
    state: State = "waiting"
    done: int = 0
    size: int | None = None
    shortened: int = 0
    trouble: str | None = None

    @property
    def filename(self) -> str:
        """The name under which the file is saved."""
        return filename(self.of, self.format, self.created_at)


def order_for(
    rows: RowFormat[Row],
    form: Format,
    dialect: Dialect,
    total: int,
    pages: Callable[[], Iterable[Sequence[Row]]],
) -> Order:
    """An order for `total` rows.

    Raises:
        ExportTooLarge: they do not fit into a spreadsheet.

    """
    if form == "xlsx" and total > MOST_ROWS:
        raise ExportTooLarge(
            f"The query has {total:,} {rows.name}, and a spreadsheet has {MOST_ROWS:,} rows. "
            "Narrow the query, or export CSV or NDJSON."
        )
    return Order(rows, form, dialect, total, pages)


class Stopped(Exception):
    """The export was deleted, or the process ends."""


def build(
    order: Order, file: Path, report: Callable[[int, int], None], rest: Callable[[float], None]
) -> None:
    """Write the export's file.

    After each page it calls `report` with the rows so far and the texts that were too long for
    their cells, and `rest` with the seconds that the page took. Either may raise `Stopped`.

    Raises:
        OSError: the file cannot be written, or is too large.
        StockpulseError: the rows cannot be read.

    """
    done = 0
    copies = 2 if order.format == "xlsx" else 1  # it is copied when it is completed
    with writing(order.rows, order.format, order.dialect, file) as add:
        began = time.monotonic()
        for page in order.pages():
            shortened = add(page)
            done += len(page)
            if order.format == "xlsx" and done > MOST_ROWS:
                raise OSError(f"there are more than {MOST_ROWS:,} rows now")
            _check_room(file.parent, copies)
            report(done, shortened)
            rest(time.monotonic() - began)
            began = time.monotonic()


def _check_room(folder: Path, copies: int) -> None:
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size * copies > MOST_BYTES:
        raise OSError(f"it needs more than {MOST_BYTES >> 30} GiB")
    if shutil.disk_usage(folder).free < FREE_BYTES + size * (copies - 1):
        raise OSError("the disk is almost full")
