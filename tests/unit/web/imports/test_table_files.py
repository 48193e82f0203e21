"""Files as people save them are read as tables, and everything else is refused in plain words."""

import codecs
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.web.imports.reading import file_errors, table_file, workbook
from app.web.imports.reading.cells import Cell, fault_of, text_of
from app.web.imports.reading.file_errors import MOST_COLUMNS, FileRefused
from app.web.imports.reading.table_file import opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def read(file: Path, sheet: str | None = None) -> tuple[list[str], list[tuple[int, list[Cell]]]]:
    with opened(file, sheet) as table:
        return table.header, list(table.rows)


def texts(file: Path) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for _, row in read(file)[1]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_in_every_form(file: Path, separator: str, encoding: str) -> None:
    lines = [["SKU", "Größe"], ["007", "17,5 cm"], ["8", 'a "b"']]
    quoted = "\r\n".join(
        separator.join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in line) for line in lines
    )
    file.write_bytes(quoted.encode(encoding))
    header, rows = read(file)
    assert header == lines[0]
    assert rows == [(2, lines[1]), (3, lines[2])]
    with opened(file) as table:
        assert {"cp1252": "Windows-1252", "utf-16": "UTF-16"}.get(encoding, "UTF-8") in table.about


def test_one_column_and_excel_s_own_mark_of_the_separator(file: Path) -> None:
    file.write_text("sku\n1\n2\n")
    assert texts(file) == [["1"], ["2"]]
    file.write_text("sep=;\nsku;name, long\n1;a,b,c\n")
    assert read(file)[0] == ["sku", "name, long"]
    assert texts(file) == [["1", "a,b,c"]]


def test_decimal_commas_and_commas_in_names_do_not_separate(file: Path) -> None:
    file.write_text("sku;name;price\n1;Tea, black;7,20\n2;Tea, green;6,40\n")
    assert texts(file) == [["1", "Tea, black", "7,20"], ["2", "Tea, green", "6,40"]]


def test_blank_rows_are_left_out_and_numbers_of_rows_stay(file: Path) -> None:
    file.write_text("\nsku,name\n\n,\n1,a\n")
    assert read(file)[1] == [(5, ["1", "a"])]


def book(file: Path, fill: Callable[[Any], None], **options: Any) -> None:
    with xlsxwriter.Workbook(str(file), options) as made:
        fill(made)


def test_a_spreadsheet_s_numbers_zeros_formulas_and_dates(file: Path) -> None:
    def fill(made: Any) -> None:
        sheet = made.add_worksheet("Stock")
        zeros = made.add_format({"num_format": "00000"})
        sheet.write_row(0, 0, ["sku", "price", "name"])
        sheet.write_number(1, 0, 123, zeros)
        sheet.write_number(1, 1, 0.1 + 0.2)
        sheet.write_string(1, 2, "a\x01b_x0041_")
        sheet.write_number(2, 0, 4006381333931)
        sheet.write_formula(2, 1, "=1+1", value=2)
        sheet.write_boolean(2, 2, boolean=True)
        made.add_worksheet("Other").write(0, 0, "id")

    book(file, fill)
    header, rows = read(file)
    assert header == ["sku", "price", "name"]
    assert [text_of(cell) for cell in rows[0][1]] == ["00123", "0.3", "a\x01b_x0041_"]
    assert text_of(rows[1][1][0]) == "4006381333931"
    assert fault_of(rows[1][1][1]) == "holds the formula =1+1"
    assert text_of(rows[1][1][2]) == "true"
    assert read(file, "Other")[0] == ["id"]
    with pytest.raises(FileRefused, match="no visible sheet 'None such'"):
        read(file, "None such")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    assert file.stat().st_size < 2 << 20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # nothing is unpacked
    with pytest.raises(FileRefused, match="Unpacked, the file has 300 MB in 1 parts"):
        read(file)


def test_formats_that_would_fill_the_memory_are_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/styles.xml", b"<a/>" * (9 << 18))
    assert file.stat().st_size < 20_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # nothing is unpacked
    with pytest.raises(FileRefused, match=r"for example\) have 9 MB"):
        read(file)


def test_entities_of_xml_are_refused(file: Path) -> None:
    book(file, lambda made: made.add_worksheet().write(0, 0, "sku"))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bomb if name == "xl/sharedStrings.xml" else content)
    with pytest.raises(FileRefused, match="damaged or written in an unusual way"):
        read(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\n\n\n", "no names of columns"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x", "old spreadsheet"),
        (b"PK\x03\x04broken", "damaged"),
        (b"a\0b,c\n", "neither a spreadsheet"),
        (b"\x81\x8d,\xff\n", "neither a spreadsheet"),
        (b'sku,name\n1,"open\n', "Line 2 is not valid CSV"),
        (b"sku\n" + b"x" * (1 << 21), "Line 2 is not valid CSV"),
        (",".join(map(str, range(1_000))).encode(), "1,000 columns"),
        (b"sku\n1" + b",x" * MOST_COLUMNS, f"{MOST_COLUMNS + 1:,} columns"),
        (codecs.BOM_UTF8 + b"\xff", "neither a spreadsheet"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(
    file: Path, content: bytes, message: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(FileRefused, match=message):
        read(file)


def test_too_many_rows_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "MOST_ROWS", 3)
    monkeypatch.setattr(file_errors, "MOST_ROWS", 3)
    file.write_text("sku\n" + "1\n" * 3)
    assert len(read(file)[1]) == 3
    file.write_text("sku\n" + "1\n" * 4)
    with pytest.raises(FileRefused, match="more than 3 rows"):
        read(file)


def test_a_table_in_a_zip_that_is_no_spreadsheet(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(FileRefused, match="not a spreadsheet in XLSX format"):
        read(file)
    assert workbook.MOST_UNPACKED > file_errors.MOST_BYTES
