"""The scan box takes a code, a quantity with a code, and a quantity for the last line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.store.stocktake.draft import Mode
from app.store.stocktake.draft_errors import InvalidDraft
from app.web.pages.stocktake.scan import amount_after, scan_of

NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "code", "amount"),
    [
        ("4006381333931", "4006381333931", "1"),
        ("12*4006381333931", "4006381333931", "12"),
        ("2 \u00d7 Earl Grey", "Earl Grey", "2"),
        ("2 x 4 beam", "2 x 4 beam", "1"),
        ("0,5*TEA", "TEA", "0.5"),
        ("*TEA", "*TEA", "1"),
        ("x ray", "x ray", "1"),
    ],
)
def test_code_may_have_a_quantity(typed: str, code: str, amount: str) -> None:
    scan = scan_of({"code": typed}, NOW)
    assert (scan.code, scan.amount, scan.sets) == (code, Decimal(amount), False)


def test_quantity_alone_sets_the_last_line() -> None:
    scan = scan_of({"code": "=12"}, NOW)
    assert (scan.last, scan.sets, scan.amount) == (True, True, 12)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"code": "x" * 201},
        {"code": "TEA", "amount": "-1"},
        {"code": "TEA", "amount": "1e3"},
        {"code": "TEA", "amount": "0.0000001"},
        {"code": "TEA", "amount": "9" * 29},
        {"code": "TEA", "scan": "<script>"},
        {"code": "TEA", "at": "yesterday"},
        {"code": "TEA", "waited": "-1"},
        {"code": "TEA", "waited": "9" * 11},
    ],
)
def test_bad_fields_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidDraft):
        scan_of(fields, NOW)


@pytest.mark.parametrize(
    ("mode", "before", "fields", "after"),
    [
        ("count", None, {"amount": "0"}, 0),
        ("count", 4, {"amount": "2"}, 6),
        ("count", 4, {"amount": "2", "set": "1"}, 2),
        ("sell", 4, {}, 5),
    ],
)
def test_amounts_add_up_or_are_set(
    mode: Mode, before: int | None, fields: dict[str, str], after: int
) -> None:
    known = None if before is None else Decimal(before)
    assert amount_after(scan_of({"code": "T", **fields}, NOW), known, mode) == after


def test_time_of_a_scan_that_waited_does_not_depend_on_the_browser_s_clock() -> None:
    assert scan_of({"code": "T", "waited": "2500"}, NOW).at == NOW - timedelta(seconds=2.5)
    assert scan_of({"code": "T", "at": "2026-11-28T14:00:00Z"}, NOW).at == NOW - timedelta(hours=1)
    assert scan_of({"code": "T"}, NOW).at is None


def test_nothing_is_not_sold() -> None:
    with pytest.raises(InvalidDraft):
        amount_after(scan_of({"code": "T", "amount": "0"}, NOW), None, "sell")
