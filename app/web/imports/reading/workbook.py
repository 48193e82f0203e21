"""An XLSX file is read row by row, after its parts were found small enough to unpack.

A ZIP says how large its members are, and Python's `zipfile` reads no member beyond that. So a bomb
is refused before anything is unpacked. XML with entities is refused by defusedxml, which openpyxl
uses where it is installed.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from app.web.imports.reading.cells import Cell, fault_cell, number_cell
from app.web.imports.reading.file_errors import MOST_TEXT, FileRefused

MOST_UNPACKED = 256 << 20  # bytes of all members together
MOST_STRINGS = 64 << 20  # bytes of the texts, which are held in memory
MOST_WHOLE = 8 << 20  # bytes of the parts that openpyxl parses as a whole, at 24 times their size
MOST_MEMBERS = 1_000
_LAST_ROW = 1_048_576  # of any spreadsheet
# Control characters, which XML does not have, are written so (ECMA-376), and a `_` before a text
# that only looks like one of these. openpyxl undoes neither, or in shared texts only the latter.
_ESCAPED = re.compile(r"_x(005F|00[01][0-9A-Fa-f])_")
_WHOLE = re.compile(
    r"\[Content_Types\]\.xml|(_rels|docProps|xl/_rels|xl/theme)/.*|xl/(styles|workbook)\.xml",
    re.IGNORECASE,
)
_ZEROS = re.compile(r"0+")  # a number format that keeps leading zeros


@contextmanager
def workbook_rows(
    path: Path, wanted: str | None
) -> Iterator[tuple[list[str], str, Iterator[list[Cell]]]]:
    """Yields the names of the sheets, the one that is read, and its rows.

    `wanted` names the sheet; None: the first one that is visible.

    Raises:
        FileRefused: it is no XLSX file, is too large, or has no such sheet.

    """
    with _opened(path) as book:
        sheets = [one.title for one in book.worksheets if one.sheet_state == "visible"]
        name = wanted or next(iter(sheets), "")
        if name not in sheets:
            raise FileRefused(
                f"The file has no visible sheet {name[:80]!r}."
                if name
                else "The file has no visible sheet."
            )
        yield sheets, name, _rows(book[name])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    _check_size(path)
    import openpyxl  # only where a spreadsheet is read: it takes CPU time and memory at the start

    with path.open("rb") as file:  # openpyxl refuses a path with another ending
        try:
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        except _BROKEN as error:
            raise _broken(error) from None
        try:
            yield book
        finally:
            book.close()


# What openpyxl, zipfile and the XML parser raise for a damaged file.
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    SyntaxError,  # of XML, too: `ParseError`
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OverflowError,
    NotImplementedError,
)


def _broken(error: BaseException) -> FileRefused:
    return FileRefused(
        "The file looks like a spreadsheet (XLSX), but is damaged or written in an unusual way "
        f"({type(error).__name__}). Open it in a spreadsheet program and save it again, or save it "
        "as CSV."
    )


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (*_BROKEN, OSError) as error:
        raise _broken(error) from None
    unpacked = sum(member.file_size for member in members)
    strings = sum(one.file_size for one in members if "sharedstrings" in one.filename.lower())
    whole = sum(one.file_size for one in members if _WHOLE.fullmatch(one.filename))
    if whole > MOST_WHOLE:
        raise FileRefused(
            f"The descriptions in the file (its cell formats, for example) have {whole >> 20:,} MB "
            f"when they are unpacked, and an import takes {MOST_WHOLE >> 20} MB. Copy the table "
            "alone into a new file, as values, or save it as CSV."
        )
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or strings > MOST_STRINGS:
        raise FileRefused(
            f"Unpacked, the file has {unpacked >> 20:,} MB in {len(members):,} parts, and an "
            f"import takes {MOST_UNPACKED >> 20} MB, {MOST_STRINGS >> 20} MB of them texts. Copy "
            "the table alone into a new file, without pictures, or save it as CSV."
        )
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise FileRefused(
            "This is a ZIP file, but not a spreadsheet in XLSX format. Save the table as XLSX or "
            "CSV."
        )


def _rows(sheet: Any) -> Iterator[list[Cell]]:
    sheet.reset_dimensions()  # other programs write wrong ones
    found = enumerate(sheet.iter_rows(), 1)
    while True:
        try:
            number, row = next(found)
            cells = [_cell(one) for one in row]
        except StopIteration:
            return
        except _BROKEN as error:
            raise _broken(error) from None
        if number > _LAST_ROW:
            raise FileRefused(f"The sheet has more than {_LAST_ROW:,} rows.")
        yield _trimmed(cells)


def _trimmed(cells: list[Cell]) -> list[Cell]:
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None or isinstance(value, str):
        return _text(cell, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        zeros = cell.number_format if _ZEROS.fullmatch(cell.number_format or "") else ""
        return number_cell(value, len(zeros))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return fault_cell("holds a formula")


def _text(cell: Any, value: str | None) -> Cell:
    if value is None:
        return None
    if cell.data_type == "f":
        return fault_cell(f"holds the formula {value[:60]}")
    if cell.data_type == "e":
        return fault_cell(f"holds the error {value[:20]}")
    if len(value) > MOST_TEXT:
        return fault_cell(f"has more than {MOST_TEXT:,} characters")
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), value) if "_x" in value else value
