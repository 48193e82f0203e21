"""Reads exported files with other code than wrote them."""

import csv
import re
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.support.paths import DOCS

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPE = re.compile("_x([0-9A-F]{4})_")


def cells_of(path: Path) -> list[dict[str, tuple[str, str]]]:
    """The rows of an XLSX file: (type, text) by column letter; empty cells are left out."""
    with zipfile.ZipFile(path) as archive:
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert sheet.find(f".//{_MAIN}f") is None, "there is a formula"
    return [
        {re.sub("[0-9]", "", cell.attrib["r"]): _cell(cell) for cell in row}
        for row in sheet.iter(f"{_MAIN}row")
    ]


def _cell(cell: ET.Element) -> tuple[str, str]:
    text = "".join(part.text or "" for part in cell.iter() if part.tag[-2:] in {"}t", "}v"})
    return cell.attrib.get("t", "n"), _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(content.decode().splitlines(keepends=True)))


_READER: dict[str, Any] = {}
exec(  # the code that docs/use/exports.md gives to readers
    re.findall(r"```python\n(.*?)```", (DOCS / "use" / "exports.md").read_text(), re.DOTALL)[0],
    _READER,
)


def products_in(content: bytes) -> Iterator[dict[str, Any]]:
    """The products in a CSV export as the API takes them."""
    products: Iterator[dict[str, Any]] = _READER["products"](StringIO(content.decode(), newline=""))
    return products


def as_it_was(cell: str) -> str:
    """The text without the apostrophes that make it harmless."""
    text: str = _READER["ADDED"].sub("", cell)
    return text
