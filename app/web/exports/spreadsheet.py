"""An XLSX file is written row by row: finished rows wait in a temporary file, not in memory.

Text is always text, never a formula. Numbers are numbers while a spreadsheet keeps all of their
digits; longer ones are text.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from xlsxwriter import Workbook

from app.core.numbers import digits, significant
from app.web.exports.export_rows import Cell, encodable

MOST_ROWS = 1_048_575  # and the header
_EXACT_DIGITS = 15  # significant digits of a spreadsheet's number
_MOST_TEXT = 32_767  # UTF-16 units of a cell
_CUT = "…"


class Spreadsheet:
    """One sheet; a context manager that completes the file, or drops it after an error.

    Temporary files are in the file's folder. `shortened` counts the cells whose text was too long.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.shortened = 0
        self.rows = 0
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        self._book = Workbook(str(path), options)
        self._book.use_zip64()
        self._sheet: Any = self._book.add_worksheet()
        self._plain = self._book.add_format()
        self._sheet.freeze_panes(1, 0)
        self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # ids are meant so
        bold = self._book.add_format({"bold": True})
        for column, name in enumerate(columns):
            self._sheet.write_string(0, column, name, bold)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self._book.close()
        else:
            self._sheet.row_data_fh.close()

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write further rows.

        Raises:
            OSError: the disk is full, for example.

        """
        for row in rows:
            self.rows += 1
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    self._write_text(column, encodable(cell))
                elif cell is not None:
                    self._write_number(column, cell)

    def _write_number(self, column: int, number: Decimal) -> None:
        if significant(number) <= _EXACT_DIGITS:
            self._sheet.write_number(self.rows, column, float(number))
        else:
            self._sheet.write_string(self.rows, column, digits(number))

    def _write_text(self, column: int, text: str) -> None:
        if len(text) > _MOST_TEXT // 2:
            units = text.encode("utf-16-le")
            if len(units) > 2 * _MOST_TEXT:
                text = units[: 2 * (_MOST_TEXT - 1)].decode("utf-16-le", "ignore") + _CUT
                self.shortened += 1
        if text.startswith("<r>"):
            # In this mode, the library takes such a text for XML of its own and does not escape it.
            self._sheet.write_rich_string(self.rows, column, text[:1], self._plain, text[1:])
        else:
            self._sheet.write_string(self.rows, column, text)
