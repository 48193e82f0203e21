"""CSV in the forms in which spreadsheets save it: the encoding and the separator are recognised.

The encoding is that of a byte order mark, or UTF-8, or else Windows-1252, in which spreadsheets of
Western countries save "CSV". Rows are read one by one; quotes must be closed.
"""

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from app.web.imports.reading.file_errors import FileRefused

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PIECE = 1 << 20  # bytes that are decoded at a time
_MOST_TEXT = 1 << 20  # characters in a cell
_SAMPLE = 30  # rows from which the separator is guessed
_SHOWN = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


@contextmanager
def csv_rows(path: Path) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """Yields what was recognised, for people, and the rows.

    Raises:
        FileRefused: it is no text in a known encoding, or (from the rows) a quote is not closed.

    """
    csv.field_size_limit(_MOST_TEXT)  # of the process; an export has up to 400 KB in a cell
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        separator = _separator(file)
        yield f"CSV, {_SHOWN[encoding]}, {SEPARATORS[separator]}s", _rows(file, separator)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            candidates = [encoding]
            break
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        if _is_text(path, encoding):
            return encoding
    raise FileRefused(
        "This is neither a spreadsheet (XLSX) nor text in UTF-8 or Windows-1252. Save it as XLSX, "
        "or as “CSV UTF-8”."
    )


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                if "\0" in decoder.decode(piece):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(file: TextIO) -> str:
    """The separator that divides the most rows as it divides the first one, into most columns.

    The file is then at its first row.
    A first line such as `sep=;`, which Excel writes and reads, says which.
    """
    first = file.readline(_MOST_TEXT)
    told = first.strip().lower().removeprefix("sep=")
    if first.lower().startswith("sep=") and (told or "\t") in SEPARATORS:
        return told or "\t"
    found = {}
    for separator in SEPARATORS:
        file.seek(0)
        try:
            sample = islice(csv.reader(file, delimiter=separator), _SAMPLE)
            widths = [len(row) for row in sample if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            found[separator] = (widths.count(widths[0]) / len(widths), widths[0])
    file.seek(0)
    return max(found, key=lambda separator: found[separator], default=",")


def _rows(file: TextIO, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(file, delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise FileRefused(
            f"Line {reader.line_num} is not valid CSV ({error}). Perhaps a quotation mark is not "
            "closed, or not doubled inside a quoted text."
        ) from None
