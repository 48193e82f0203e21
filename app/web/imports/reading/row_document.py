"""A row's cells become the JSON document that a program would send, and say what is wrong. Pure.

Numbers are written with a decimal point, whatever the file has. An empty cell gives no value.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.numbers import digits
from app.web.exports.csv_text import harmless
from app.web.imports.reading.cells import Cell, fault_of, is_number, text_of
from app.web.imports.reading.columns import LABELS, NUMBERS
from app.web.imports.reading.decimals import Guess, number_in

_ADDED = re.compile(r"(?:\A|(?<=[;\t\r\n]))'")  # apostrophes that an export adds
_NUMERIC = re.compile(r"[-+]?[0-9., ]+")
_TAG = re.compile(r"(?:\\.|[^\\;])+", re.DOTALL)
_YES = {"true", "yes", "y", "1", "x", "ja", "j", "oui", "sí", "si", "wahr", "vrai"}
_NO = {"false", "no", "n", "0", "nein", "non", "falsch", "faux"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file's cells are meant.

    `apostrophes`: those that an export adds before formulas are taken away. `exported`: the file
    is an export, in which only `;` separates tags.
    """

    mark: Guess
    apostrophes: bool
    exported: bool


@dataclass(slots=True)
class RowDocument:
    """A row's values by field, the texts as the file has them, and its faults.

    `texts` has every mapped field; an empty text is an empty cell.
    """

    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)  # field, what is wrong

    @property
    def trouble(self) -> str:
        """Every fault as a sentence."""
        return " ".join(f"{LABELS[name]}: {what}." for name, what in self.faults)


def document_of(
    cells: Sequence[Cell], columns: Sequence[str | None], dialect: Dialect
) -> RowDocument:
    """The document of a row; `columns` has the field of each column."""
    found = RowDocument()
    for name, cell in zip(columns, cells, strict=False):
        if name is None:
            continue
        found.texts[name] = text_of(cell)
        if (fault := fault_of(cell)) is not None:
            found.faults.append((name, fault))
            continue
        try:
            value = _value(name, cell, dialect)
        except ValueError as error:
            found.faults.append((name, str(error)))
            continue
        if value is not None:
            found.values[name] = value
    for name in columns:
        if name is not None:
            found.texts.setdefault(name, "")
    if any(text_of(cell).strip() for cell in cells[len(columns) :]):
        detail = (
            "the row has more cells than there are names of columns; is a quotation mark missing"
        )
        found.faults.append(("product_id", detail))
    return found


def _value(name: str, cell: Cell, dialect: Dialect) -> Any:
    text = text_of(cell)
    if dialect.apostrophes:
        text = without_apostrophes(text)
    if not text.strip():
        return None
    if name in NUMBERS:
        return digits(number_in(text, "." if is_number(cell) else dialect.mark))
    if name == "tags":
        return _tags(text, exported=dialect.exported)
    if name == "no_reorder":
        return _flag(text)
    return text.strip()


def without_apostrophes(text: str) -> str:
    """The text without the apostrophes that an export has added, if it has the form of one."""
    bare = _ADDED.sub("", text)
    return bare if bare != text and harmless(bare) == text else text


def is_raw(text: str) -> bool:
    """Whether no export with apostrophes would have written this text: its file has none added."""
    if _NUMERIC.fullmatch(text):
        return False
    return harmless(without_apostrophes(text)) != text


def _tags(text: str, *, exported: bool) -> list[str]:
    """Tags are separated by `;`, or by commas where a row has no `;`."""
    parts = _TAG.findall(text)
    if len(parts) == 1 and not exported:
        parts = text.split(",")
    bare = (re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL).strip() for part in parts)
    return list(dict.fromkeys(tag for tag in bare if tag))


def _flag(text: str) -> bool:
    word = text.strip().casefold()
    if word in _YES | _NO:
        return word in _YES
    raise ValueError(f"“{text[:40]}” is neither yes nor no")


def numbers_of(
    cells: Sequence[Cell], columns: Sequence[str | None], add: Callable[[str], None]
) -> None:
    """Hand on the row's texts that should be numbers, for `decimals.guess`."""
    for name, cell in zip(columns, cells, strict=False):
        if name in NUMBERS and isinstance(cell, str):
            add(cell)
