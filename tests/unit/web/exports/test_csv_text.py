"""CSV is RFC 4180, harmless in a spreadsheet, and can be turned back into the same texts."""

import csv
import io
import time
from decimal import Decimal
from string import whitespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.exports.csv_text import csv_bytes, harmless
from tests.support.http.exported import as_it_was, csv_rows

STARTS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
INVISIBLE = "\0\x7f\xad\u200b\u200d\u2060\ufeff"
RISKY = st.sampled_from("=+-@'\t\r\n ;,\"aé\uff1d" + INVISIBLE)
TEXTS = st.text(alphabet=RISKY, max_size=12) | st.text()


@pytest.mark.parametrize("start", STARTS)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless(f"  {start}1+1") == f"'  {start}1+1"


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_formula_after_invisible_characters(invisible: str) -> None:
    assert harmless(f"{invisible}=1+1") == f"'{invisible}=1+1"
    assert harmless(f"a;{invisible} @x") == f"a;'{invisible} @x"


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx"])
def test_text_that_begins_with_a_tab_or_line_break_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("separator", [";", "\t", "\n"])
def test_formula_after_what_a_spreadsheet_may_take_for_the_end_of_a_cell(separator: str) -> None:
    assert harmless(f"a{separator}=1+1") == f"a{separator}'=1+1"


@pytest.mark.parametrize("text", ["", "a", "a-b", "1=1", "a;b", "tea's", "mail@example.com"])
def test_other_text_is_unchanged(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("unit", ["\n", "\t ", ";\0", "\n'"])
def test_time_grows_only_with_the_length(unit: str) -> None:
    began = time.process_time()
    harmless(unit * (400_000 // len(unit)))
    assert time.process_time() - began < 10


@given(TEXTS)
def test_text_can_be_read_back(text: str) -> None:
    assert as_it_was(harmless(text)) == text


@given(TEXTS)
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_splits_it(text: str) -> None:
    for separator in ";\t\n":
        for part in harmless(text).split(separator):
            assert not part.lstrip(INVISIBLE + whitespace).startswith(tuple(STARTS))


def test_numbers_stay_numbers() -> None:
    long = Decimal("12345678901234567890.000000000001")
    row = [Decimal(-3), long, Decimal("1E+3"), Decimal("-0.50")]
    assert csv_bytes([row], safe=True) == b"-3,12345678901234567890.000000000001,1000,-0.5\r\n"


def test_raw_text_is_not_changed() -> None:
    assert csv_bytes([["=1", "'x", None]], safe=False) == b"=1,'x,\r\n"


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4))
def test_every_text_is_one_cell_of_a_csv_reader(rows: list[list[str]]) -> None:
    content = csv_bytes(rows, safe=False).decode()
    assert list(csv.reader(io.StringIO(content, newline=""))) == rows


def test_half_an_emoji_is_written_as_its_escape() -> None:
    assert csv_rows(csv_bytes([["a\ud83d", "b"]], safe=True)) == [["a\\ud83d", "b"]]
