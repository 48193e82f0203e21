"""CSV as in RFC 4180, in which no text of a product is a formula for a spreadsheet. Pure.

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` or one of their wide forms, perhaps
after white space or invisible characters. So such a text gets an apostrophe. It also gets one after
each `;`, tab or line break inside the cell that such a character follows: many spreadsheets
separate cells there. Where a text itself has an apostrophe in such a place, it gets a second one.
So a reader that removes one apostrophe from the beginning of a cell, and one after each `;`, tab or
line break, has the text again. Numbers are never changed.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO

from app.core.numbers import digits
from app.web.exports.export_rows import Cell, encodable

BOM = "\ufeff".encode()  # without it, Excel reads UTF-8 as the computer's old code page

# From where a cell may begin through what a spreadsheet may skip, with the character that makes it
# a formula, if there is one. Each run is read once, however many cells may begin in it.
_RUN = re.compile(
    r"(?:\A|(?<=[;\t\r\n]))[\s\x00-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]*+"
    r"([=+\-@\uff1d\uff0b\uff0d\uff20'])?"
)
_BEGINNINGS = re.compile(r"\A|(?<=[\t\r\n])")
_BEFORE_BREAKS = re.compile(r"(?:\A|(?<=[\t\r\n]))(?=[\t\r\n])")


def harmless(text: str) -> str:
    """The text with apostrophes where a spreadsheet could otherwise begin a formula."""
    return _RUN.sub(lambda run: (_BEGINNINGS if run[1] else _BEFORE_BREAKS).sub("'", run[0]), text)


def csv_bytes(rows: Iterable[Sequence[Cell]], *, safe: bool) -> bytes:
    """The rows as lines of CSV; `safe`: with `harmless` texts."""
    lines = StringIO(newline="")
    csv.writer(lines, lineterminator="\r\n").writerows(
        [_text(cell, safe=safe) for cell in row] for row in rows
    )
    return encodable(lines.getvalue()).encode()


def _text(cell: Cell, *, safe: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return digits(cell)
    return harmless(cell) if safe else cell
