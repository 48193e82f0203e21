"""A file is what its first bytes say, whatever its name; its first row names the columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.web.imports.reading.cells import Cell, text_of
from app.web.imports.reading.csv_file import csv_rows
from app.web.imports.reading.file_errors import (
    MOST_COLUMNS,
    MOST_ROWS,
    FileRefused,
    too_many_columns,
    too_many_rows,
)
from app.web.imports.reading.workbook import workbook_rows

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # XLS, and XLSX with a password
_SEARCHED = 20  # rows in which the names of the columns are looked for
_LONGEST_NAME = 200  # characters of a column's name


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a file.

    `about` says what was recognised. `rows` has each row's number in the file and its cells; blank
    rows are left out. `sheets` are the names of all sheets of a spreadsheet, `sheet` is the one
    that is read.
    """

    about: str
    header: list[str]
    rows: Iterator[tuple[int, list[Cell]]]
    sheets: list[str]
    sheet: str | None = None


@contextmanager
def opened(path: Path, sheet: str | None = None) -> Iterator[Table]:
    """Open a file.

    Raises:
        FileRefused: it is no table, or exceeds a bound (the rows may raise it, too).

    """
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise FileRefused("The file is empty.")
    if head == _OLE:
        raise FileRefused(
            "This is an old spreadsheet (XLS) or one with a password. Save it as XLSX without a "
            "password, or as CSV."
        )
    if head.startswith(b"PK\x03\x04"):
        with workbook_rows(path, sheet) as (sheets, name, found):
            yield _table("Spreadsheet (XLSX)", found, sheets, name)
        return
    with csv_rows(path) as (about, lines):
        rows: Iterator[list[Cell]] = (list(line) for line in lines)
        yield _table(about, rows, [], None)


def _table(about: str, found: Iterator[list[Cell]], sheets: list[str], name: str | None) -> Table:
    numbered = enumerate(found, 1)
    for _, row in islice(numbered, _SEARCHED):
        if not _is_blank(row):
            return Table(about, _header(row), _bounded(numbered), sheets, name)
    raise FileRefused("The table is empty: its first rows have no names of columns.")


def _header(row: list[Cell]) -> list[str]:
    while row and not text_of(row[-1]).strip():
        row.pop()
    if len(row) > MOST_COLUMNS:
        raise too_many_columns(len(row))
    return [" ".join(text_of(cell).split())[:_LONGEST_NAME] for cell in row]


def _bounded(numbered: Iterator[tuple[int, list[Cell]]]) -> Iterator[tuple[int, list[Cell]]]:
    count = 0
    for number, row in numbered:
        if _is_blank(row):
            continue
        if len(row) > MOST_COLUMNS and not _is_blank(row[MOST_COLUMNS:]):
            raise too_many_columns(len(row))
        count += 1
        if count > MOST_ROWS:
            raise too_many_rows()
        yield number, row[:MOST_COLUMNS]


def _is_blank(row: list[Cell]) -> bool:
    return not any(text_of(cell).strip() for cell in row)
