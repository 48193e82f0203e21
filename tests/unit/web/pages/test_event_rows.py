"""The server renders the same row text as the browser."""

import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.web.pages.event_rows import price_text, row_from, row_of, value_text, view_notice
from app.web.pages.rows.attribute_text import attribute_text, found_text
from tests.support.builders import an_event
from tests.support.paths import TESTS

# tests/js/format.test.js runs the same cases in the browser's code.
CASES = json.loads((TESTS / "js" / "rows.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_row_text_matches_the_browser(case: dict[str, Any]) -> None:
    row = row_from(case["data"], ZoneInfo("UTC"))
    assert {name: getattr(row, name) for name in case["expect"]} == case["expect"]


def test_times_use_the_configured_zone() -> None:
    row = row_from(CASES[0]["data"], ZoneInfo("Asia/Tokyo"))
    assert (row.date, row.clock) == ("2026-11-21", "17:00:00")
    assert row.occurred_at == "2026-11-21T08:00:00Z"


def test_void_reconciled_entry_is_labelled_void() -> None:
    event = an_event(1, kind="reconciled", actor=None, event_name="MODIFY")
    found = row_of(event, ZoneInfo("UTC"))
    void = row_of(event, ZoneInfo("UTC"), void=True)
    assert void.change == f"The missing change arrived later ({found.change})"
    assert (found.label, void.label, void.kind) == ("reconciled", "void", "reconciled")


def test_repeat_is_labelled_and_keeps_its_author() -> None:
    found = row_of(an_event(1), ZoneInfo("UTC"))
    repeat = row_of(an_event(1), ZoneInfo("UTC"), repeat=True)
    assert (repeat.label, repeat.who) == ("repeat", found.who)
    assert repeat.change.startswith(f"{found.change} · an earlier change once more")


def test_custom_stock_attribute_is_listed_once() -> None:
    data = {**CASES[0]["data"], "changed": ["Qty"], "before": {"Qty": 12}, "after": {"Qty": 9}}
    assert row_from(data, ZoneInfo("UTC"), "Qty").change == "12 → 9 (−3)"


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_partial_view_type_has_a_notice(view: str) -> None:
    assert "who" in str(view_notice(view))


def test_full_view_type_has_no_notice() -> None:
    assert view_notice("NEW_AND_OLD_IMAGES") is None


@pytest.mark.parametrize(
    ("price", "text"),
    [(None, ""), ("5", "5.00"), ("39.9", "39.90"), ("0.125", "0.125"), ("1E+3", "1000.00")],
)
def test_price_is_exact_with_at_least_two_decimals(price: str | None, text: str) -> None:
    assert price_text(None if price is None else Decimal(price)) == text


def test_value_has_commas_between_thousands() -> None:
    assert value_text(Decimal("1234567.5")) == "1,234,567.50"
    assert value_text(Decimal(1000), 0) == "1,000"
    assert value_text(Decimal("-0.125")) == "-0.125"


def test_an_attribute_inside_a_map_is_shown_with_its_values() -> None:
    before = {"info": {"price": 1, "v1.2": "a"}, "a.b": "x"}
    after = {"info": {"price": 2, "v1.2": "b"}, "a.b": "y"}
    assert attribute_text("info.price", before, after) == "info.price 1 → 2"
    assert attribute_text("info.v1..2", before, after) == "info.v1..2 a → b"
    assert attribute_text("a.b", before, after) == "a.b x → y"
    assert attribute_text("info.gone", before, after) == "info.gone removed"
    assert attribute_text("info.price", {"info": {}}, after) == "info.price 2 added"
    assert found_text("info.price", before, after) == "info.price 2 instead of 1"
