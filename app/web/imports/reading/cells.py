"""A cell is text, an exact number, something that no field can take, or nothing. Pure.

As JSON: a string, `["number", digits]`, `["fault", what it holds]` or null.
"""

from decimal import Decimal
from typing import Literal

from app.core.numbers import digits

Marked = tuple[Literal["number", "fault"], str] | list[str]
Cell = str | Marked | None

_SHOWN_DIGITS = 15  # that a spreadsheet shows of a number; further ones are noise of binary floats


def number_cell(number: float | int, zeros: int = 0) -> Cell:
    """A number of a spreadsheet; `zeros`: its format pads it to so many digits, such as `00123`."""
    exact = Decimal(number) if isinstance(number, int) else Decimal(f"{number:.{_SHOWN_DIGITS}g}")
    text = digits(exact)
    return ("number", text.zfill(zeros) if text.isdecimal() else text)


def fault_cell(what: str) -> Cell:
    """A cell that no field can take, such as a formula."""
    return ("fault", what)


def fault_of(cell: Cell) -> str | None:
    """Why no field can take the cell; None if one can."""
    return None if cell is None or isinstance(cell, str) or cell[0] != "fault" else cell[1]


def is_number(cell: Cell) -> bool:
    """Whether the file has it as a number, so that its text does not depend on a language."""
    return cell is not None and not isinstance(cell, str) and cell[0] == "number"


def text_of(cell: Cell) -> str:
    """The cell's text; empty if there is none."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else cell[1]
