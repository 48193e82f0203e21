"""An XLSX file has every text as text and every number exactly."""

import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from app.web.exports.export_rows import Cell
from app.web.exports.spreadsheet import Spreadsheet
from tests.support.http.exported import cells_of


def written(path: Path, *rows: list[Cell]) -> list[dict[str, tuple[str, str]]]:
    with Spreadsheet(path, [f"c{n}" for n in range(len(rows[0]))]) as sheet:
        sheet.add(rows)
    return cells_of(path)[1:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export"


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "{=1}", "007", "12345678901234567890", "1E5"),
        *("true", "2026-11-28", " spaces ", "a\nb", "http://example.com", "&<>\"'"),
        *("\x00\x1b\r", "_x0041_", "\ufffe\uffff", "😀"),
        "<r><t>not the library's</t></r>",
        "<r></r></is></c><c r='B2'><f>1+1</f></c><c><is><r></r>",
    ],
)
def test_text_is_text(path: Path, text: str) -> None:
    ((kind, found),) = written(path, [text])[0].values()
    assert kind == "inlineStr"
    assert found == text


@pytest.mark.parametrize("number", ["0", "-3", "0.1", "123456789012345", "0.000000000123456789"])
def test_number_is_a_number(path: Path, number: str) -> None:
    ((kind, text),) = written(path, [Decimal(number)])[0].values()
    assert (kind, Decimal(text)) == ("n", Decimal(number))


@pytest.mark.parametrize("number", ["1234567890123456", "0.1234567890123456", "-12345678901234567"])
def test_number_with_more_digits_than_a_spreadsheet_keeps_is_text(path: Path, number: str) -> None:
    assert written(path, [Decimal(number)])[0] == {"A": ("inlineStr", number)}


def test_text_that_is_too_long_for_a_cell_is_cut_and_counted(path: Path) -> None:
    with Spreadsheet(path, ["a", "b"]) as sheet:
        sheet.add([["😀" * 20_000, "x" * 32_767]])
    row = cells_of(path)[1]
    assert row["A"][1] == "😀" * 16_383 + "…"
    assert row["B"][1] == "x" * 32_767
    assert sheet.shortened == 1


def test_empty_cells_are_left_out_and_half_an_emoji_is_escaped(path: Path) -> None:
    assert written(path, [None, "a\ud83d"])[0] == {"B": ("inlineStr", "a\\ud83d")}


def test_memory_does_not_grow_with_the_rows(path: Path) -> None:
    with Spreadsheet(path, ["a", "b"]) as sheet:
        sheet.add([["first", Decimal(1)]])
        tracemalloc.start()
        sheet.add([f"text {n}", Decimal(n)] for n in range(3_000))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 300_000
    assert len(cells_of(path)) == 3_002


def test_nothing_is_left_open_after_an_error(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Spreadsheet(path, ["a"]) as sheet:
        sheet.add([[str(1 // 0)]])
    assert not path.exists()
