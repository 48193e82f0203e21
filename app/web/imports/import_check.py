"""A file becomes rows of cells, and these become what they do; nothing is written to the store.

Other columns or another decimal mark compare the same cells again; the file is read once a sheet.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from app.core.item import Item
from app.store.imports.rehearsal import Rehearsal
from app.web.imports.import_plan import Planner, lost_zeros_of, with_zeros
from app.web.imports.import_state import ImportRow, Options
from app.web.imports.import_table import ImportTable
from app.web.imports.reading.cells import Cell
from app.web.imports.reading.columns import LABELS, guessed, is_export
from app.web.imports.reading.decimals import Guess, guess
from app.web.imports.reading.file_errors import FileRefused
from app.web.imports.reading.row_document import (
    Dialect,
    RowDocument,
    document_of,
    is_raw,
    numbers_of,
    without_apostrophes,
)
from app.web.imports.reading.table_file import opened
from app.web.schemas.product_ids import IDCase

_PORTION = 200  # rows that are read, compared and stored at a time
_MOST_STORED = 200 << 20  # bytes of the cells: a spreadsheet may name one long text many times
_UNLOST = 1_000  # new ids without lost zeros after which no more are looked for

NO_ID = (
    "Choose the column with the product ID: it says which product a row is about. Nothing can be "
    "imported without it."
)

Report = Callable[[int], None]  # how many rows are done; it may raise to stop


def read_cells(file: Path, sheet: str | None, table: ImportTable, report: Report) -> dict[str, Any]:
    """Read the file's rows into the table; returns what was understood of it.

    Raises:
        FileRefused: it is no table of products, or exceeds a bound.

    """
    table.clear("cells", "plan")
    count = 0
    size = 0
    apostrophes = True
    with opened(file, sheet) as found:
        while some := list(islice(found.rows, _PORTION)):
            if apostrophes and not found.sheets:
                texts = (cell for _, row in some for cell in row if isinstance(cell, str))
                apostrophes = not any(map(is_raw, texts))
            size += table.add_cells(some)
            if size > _MOST_STORED:
                raise FileRefused(
                    f"The table has more than {_MOST_STORED >> 20} MB of text. Delete the columns "
                    "that are not about products, or divide it into several files."
                )
            count += len(some)
            report(count)
        return {
            "about": found.about,
            "header": found.header,
            "sheets": found.sheets,
            "sheet": found.sheet,
            "apostrophes": apostrophes and not found.sheets,
            "rows": count,
        }


class Comparison:
    """Compares the cells of an import with the products as they are now."""

    def __init__(
        self,
        table: ImportTable,
        rehearsal: Rehearsal,
        id_case: IDCase,
        remembered: Mapping[str, str],
        options: Options,
    ) -> None:
        read = table.saved()
        self._table = table
        self._rehearsal = rehearsal
        self._planner = Planner(rehearsal, id_case, clear=options.clear)
        header: Sequence[str] = read["header"]
        exported = is_export(header)
        self.columns = options.columns or tuple(guessed(header, {} if exported else remembered))
        self._width = len(header)
        self.mark: Guess = options.decimal
        self._is_guessed = self.mark is None
        self._apostrophes: bool = read["apostrophes"]
        self._exported = exported
        self.fields: Counter[str] = Counter()
        self.to_write = 0
        self._firsts: dict[str, int] = {}  # the first row of each id
        self._repeated: dict[str, int] = {}  # the second row of an id that is there several times
        self._unlost = 0

    def run(self, report: Report) -> str | None:
        """Store what each row does; returns why nothing can be imported, or None.

        Raises:
            StoreUnavailable: the products cannot be read now.

        """
        self._table.clear("plan")
        if "product_id" not in self.columns:
            return NO_ID
        self._survey()
        done = 0
        for portion in self._table.cells():
            for start in range(0, len(portion), _PORTION):
                some = portion[start : start + _PORTION]
                rows = self._rows(some)
                self._table.add_rows(rows)
                self.to_write += sum(row.action in {"create", "change"} for row in rows)
                self.fields.update(change[0] for row in rows for change in row.changes)
                done += len(some)
                report(done)
        return None

    def _survey(self) -> None:
        """Find the ids that several rows have, and the decimal mark."""
        texts: list[str] = []
        for portion in self._table.cells():
            for number, cells in portion:
                product_id = self._document(cells).values.get("product_id")
                if product_id in self._firsts:
                    self._repeated.setdefault(product_id, number)
                elif product_id:
                    self._firsts[product_id] = number
                if self._is_guessed:
                    numbers_of(cells, self.columns, texts.append)
        if self._is_guessed:
            plain = map(without_apostrophes, texts) if self._apostrophes else texts
            # Of an export, a spreadsheet may have saved the numbers in the form of its country.
            self.mark = guess(plain) or ("." if self._exported else None)

    def _document(self, cells: Sequence[Cell]) -> RowDocument:
        padded = [*self.columns, *[None] * (self._width - len(self.columns))]
        dialect = Dialect(self.mark, apostrophes=self._apostrophes, exported=self._exported)
        return document_of(cells, padded, dialect)

    def _rows(self, some: Iterable[tuple[int, list[Cell]]]) -> list[ImportRow]:
        documents = [(number, self._document(cells)) for number, cells in some]
        asked = {
            name
            for _, found in documents
            for name in (found.values.get("product_id"), found.texts["product_id"])
            if name
        }
        items = self._rehearsal.items(asked)
        rows = [self._row(number, found, items) for number, found in documents]
        return self._without_lost_zeros(rows)

    def _row(self, number: int, found: RowDocument, items: Mapping[str, Item]) -> ImportRow:
        product_id = found.values.get("product_id", "")
        if product_id not in items and found.texts["product_id"] in items:
            product_id = found.texts["product_id"]  # of another program, with spaces around it
        if (second := self._repeated.get(found.values.get("product_id", ""))) is not None:
            first = self._firsts[found.values["product_id"]]
            other = second if number == first else first
            reason = f"Row {other} has the same product ID. Leave only one of them in the file."
            return ImportRow(number, product_id, "refused", reason=reason)
        return self._planner.row(number, found, product_id, items.get(product_id))

    def _without_lost_zeros(self, rows: list[ImportRow]) -> list[ImportRow]:
        """The rows; a new id is refused if it is another one that has lost its leading zeros.

        Spreadsheets drop the zeros of a whole column, so the first many ids show whether they did.
        """
        if self._unlost >= _UNLOST:
            return rows
        suspects = [row for row in rows if row.action == "create" and with_zeros(row.product_id)]
        wanted = {one for row in suspects for one in with_zeros(row.product_id)}
        others = self._rehearsal.items(wanted)
        refused = {}
        for row in suspects:
            if reason := lost_zeros_of(row.product_id, others):
                refused[row.number] = ImportRow(
                    row.number, row.product_id, "refused", reason=reason
                )
        self._unlost += len(suspects) - len(refused)
        return [refused.get(row.number, row) for row in rows]


def check_columns(columns: Sequence[str | None]) -> str | None:
    """What is wrong with this choice of columns; None if nothing is."""
    for name in LABELS:
        if list(columns).count(name) > 1:
            return f"Two columns are chosen for {LABELS[name]}. Leave one of them out."
    return None
