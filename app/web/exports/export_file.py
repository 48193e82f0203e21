"""CSV and NDJSON grow with each page, so they can be sent as they are made; XLSX needs a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from app.core import json_text
from app.web.exports.csv_text import BOM, csv_bytes
from app.web.exports.export_rows import Row, RowFormat
from app.web.exports.spreadsheet import Spreadsheet

Growing = Literal["csv", "ndjson"]
Format = Literal["csv", "ndjson", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)

PAGE = 500  # rows that are read, converted and written at a time

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Options of CSV: whether texts are made harmless for spreadsheets, and a byte order mark."""

    safe: bool = True
    bom: bool = False


def filename(name: str, form: Format, at: datetime) -> str:
    """The name of an export's file: `products-2026-11-28.csv`."""
    return f"{name}-{at:%Y-%m-%d}.{form}"


def beginning(rows: RowFormat[Row], form: Growing, dialect: Dialect) -> bytes:
    """What comes before the first row."""
    if form == "ndjson":
        return b""
    return (BOM if dialect.bom else b"") + csv_bytes([rows.columns], safe=False)


def encoded(
    rows: RowFormat[Row],
    form: Growing,
    dialect: Dialect,
    page: Sequence[Row],
) -> bytes:
    """Some rows."""
    if form == "ndjson":
        return b"".join(json_text.dumps(rows.document(row)) + b"\n" for row in page)
    return csv_bytes(map(rows.cells, page), safe=dialect.safe)


def chunks_of(
    rows: RowFormat[Row], form: Growing, dialect: Dialect, pages: Iterable[Sequence[Row]]
) -> Iterator[bytes]:
    """The bytes of an export of these pages; the first chunk has the first page."""
    chunk = beginning(rows, form, dialect)
    for page in pages:
        yield chunk + encoded(rows, form, dialect, page)
        chunk = b""


@contextmanager
def writing(
    rows: RowFormat[Row],
    form: Format,
    dialect: Dialect,
    path: Path,
) -> Iterator[Callable[[Sequence[Row]], int]]:
    """Write a file: yields the function that adds a page.

    It returns how many texts were too long for their cells so far. The block's end completes the
    file, which may take a while for XLSX.

    Raises:
        OSError: the file cannot be written.

    """
    if form == "xlsx":
        with Spreadsheet(path, rows.columns) as sheet:

            def add(page: Sequence[Row]) -> int:
                sheet.add(map(rows.cells, page))
                return sheet.shortened

            yield add
        return
    growing: Growing = form
    with path.open("wb") as file:
        file.write(beginning(rows, growing, dialect))

        def write(page: Sequence[Row]) -> int:
            file.write(encoded(rows, growing, dialect, page))
            return 0

        yield write
