"""Cells become the values that a program would send; what is unclear is said, not guessed."""

from decimal import Decimal

import pytest

from app.web.imports.reading.cells import Cell, fault_cell, number_cell
from app.web.imports.reading.columns import guessed, is_export
from app.web.imports.reading.decimals import guess, number_in
from app.web.imports.reading.row_document import Dialect, document_of, is_raw
from app.web.schemas.outputs import ProductOut

PLAIN = Dialect(".", apostrophes=True, exported=False)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["12", "1,50", "1.234,00"], ","),
        (["1.50", "7"], "."),
        (["1,234.50"], "."),
        (["1.234.567"], ","),  # only a decimal comma leaves the points for thousands
        (["0,125"], ","),
        (["1,234"], None),
        (["1,234", "9.5"], "."),
        (["7", "x", ""], "."),
        (["1,5", "2,5", "3.5"], ","),
    ],
)
def test_the_decimal_mark_is_what_the_unambiguous_numbers_show(
    texts: list[str], mark: str | None
) -> None:
    assert guess(texts) == mark


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1.234,50", ",", "1234.50"),
        ("1,234.50", ".", "1234.50"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("€ 19,90", ",", "19.90"),
        ("1 234 567,5", ",", "1234567.5"),
        ("1’234.50", ".", "1234.50"),
        ("-3", None, "-3"),
        ("\u22123", ".", "-3"),
        (".5", ".", "0.5"),
    ],
)
def test_numbers_as_people_write_them(text: str, mark: str | None, number: str) -> None:
    assert number_in(text, mark) == Decimal(number)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "mark", "message"),
    [
        ("1,5", ".", "has a decimal comma, but this file has decimal points"),
        ("1.5", ",", "has a decimal point, but this file has decimal commas"),
        ("1,234", None, "can be read in two ways"),
        ("12 pcs", ".", "is not a number"),
        ("1,23,456.5", ".", "is not a number"),
        ("1e5", ".", "is not a number"),
        ("١٢", ".", "is not a number"),
    ],
)
def test_other_numbers_are_refused(text: str, mark: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        number_in(text, mark)  # type: ignore[arg-type]


def test_columns_are_guessed_by_what_people_chose_and_then_by_their_names() -> None:
    header = ["Art.-Nr.", "Bezeichnung", "Preis (EUR)", "EAN", "Bestand", "Remark", "Price"]
    guesses = ["product_id", "name", "price", "barcode", "stock", None, None]
    assert guessed(header, {}) == guesses
    remembered = {"remark": "category", "ean": "", "price": "price"}
    chosen = ["product_id", "name", None, None, "stock", "category", "price"]
    assert guessed(header, remembered) == chosen
    assert is_export(list(ProductOut.model_fields))
    assert not is_export(header)


def values(*cells: Cell, columns: tuple[str | None, ...], dialect: Dialect = PLAIN) -> object:
    return document_of(cells, columns, dialect).values


def test_a_row_becomes_a_document() -> None:
    columns = ("product_id", "name", "price", "tags", "no_reorder", None)
    cells = (number_cell(7, 3), " Tea ", "1.5", "a, b", "Yes", "ignored")
    assert values(*cells, columns=columns) == {
        "product_id": "007",
        "name": "Tea",
        "price": "1.5",
        "tags": ["a", "b"],
        "no_reorder": True,
    }
    assert values("7", "", None, columns=columns) == {"product_id": "7"}


def test_tags_of_an_export_are_separated_as_it_wrote_them() -> None:
    exported = Dialect(".", apostrophes=True, exported=True)
    cell = "a\\;b;'=x;c\\\\;d,e"
    assert values(cell, columns=("tags",), dialect=exported) == {
        "tags": ["a;b", "=x", "c\\", "d,e"]
    }
    assert values("d,e", columns=("tags",), dialect=exported) == {"tags": ["d,e"]}


def test_apostrophes_of_an_export_are_taken_away_and_a_raw_file_is_recognised() -> None:
    assert values("'=1+1", columns=("name",)) == {"name": "=1+1"}
    assert values("''quoted", columns=("name",)) == {"name": "'quoted"}
    assert values("it's", columns=("name",)) == {"name": "it's"}
    raw = Dialect(".", apostrophes=False, exported=False)
    assert values("'=1+1", columns=("name",), dialect=raw) == {"name": "'=1+1"}
    assert is_raw("=1+1")
    assert not any(map(is_raw, ["'=1+1", "-5", "3,50", "Tea", "''x"]))


def test_faults_say_which_field_and_why() -> None:
    columns = ("product_id", "price", "no_reorder")
    found = document_of(["7", fault_cell("holds the formula =A1"), "maybe", "more"], columns, PLAIN)
    assert found.trouble == (
        "Price: holds the formula =A1. Don’t reorder: “maybe” is neither yes nor no. Product ID: "
        "the row has more cells than there are names of columns; is a quotation mark missing."
    )
