"""The exit status of `stockpulse verify` is for scripts; the printed findings are for people."""

import pytest

from app.commands.common import CommandError
from app.commands.verify import print_report, wait
from app.store.audit.verification import Finding
from app.store.audit.verifier import Report
from tests.support.builders import NOON

Output = pytest.CaptureFixture[str]


def test_intact_audit_returns_0(capsys: Output) -> None:
    assert print_report(Report(products=2, entries=1), None) == 0
    assert capsys.readouterr().out == "1 entry of 2 products: no problems found.\n"


def test_findings_are_printed_and_return_1(capsys: Output) -> None:
    finding = Finding("P1", "changed", "label#1", "the entry is not as it was signed")
    assert print_report(Report(products=1, entries=3, findings=[finding]), None) == 1
    assert capsys.readouterr().out == (
        "changed: product 'P1' at label#1: the entry is not as it was signed\n"
        "3 entries of 1 product: 1 finding.\n"
    )


def test_text_of_the_tables_cannot_control_the_terminal(capsys: Output) -> None:
    finding = Finding("P1", "changed", "label\x1b[2J", "note\nnew line\x07")
    print_report(Report(products=1, entries=3, findings=[finding]), None)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2


def test_gaps_and_reconciled_entries_are_counted_but_are_not_findings(capsys: Output) -> None:
    assert print_report(Report(products=2, entries=9, gaps=1, reconciled=2), None) == 0
    assert "They include 1 gap (" in capsys.readouterr().out


def test_repeats_are_counted_but_are_not_findings(capsys: Output) -> None:
    assert print_report(Report(products=2, entries=9, repeats=2), None) == 0
    assert "They include 2 repeats: " in capsys.readouterr().out


def test_unknown_product_is_an_error() -> None:
    with pytest.raises(CommandError, match="'P9' is not in the table"):
        print_report(Report(products=1), "P9")


def test_empty_audit_returns_0() -> None:
    assert print_report(Report(), None) == 0


def test_start_of_the_check_is_printed_if_entries_expire(capsys: Output) -> None:
    report = Report(products=9, entries=20, starts=NOON, begin_late=1, empty=2)
    assert print_report(report, None, 30) == 0
    shown = capsys.readouterr().out
    assert "expire after 30 days (STOCKPULSE_AUDIT_RETENTION_DAYS)" in shown
    assert "(of 2026-11-03T12:00:00Z): 1 history begins with a later change" in shown
    assert "2 products have no such entry" in shown


def test_wait_for_the_second_check_is_announced(capsys: Output) -> None:
    wait(0.0)
    assert capsys.readouterr().err == (
        "Products that differ from the table are checked again in 0 s …\n"
    )
