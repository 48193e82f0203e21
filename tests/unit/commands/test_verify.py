"""A script knows by the exit status whether the audit is whole; a person reads what is not."""

import pytest

from app.commands.common import CommandError
from app.commands.verify import progress, tell, wait
from app.store.audit.verification import Finding
from app.store.audit.verifier import Report

Output = pytest.CaptureFixture[str]


def test_a_whole_audit_ends_with_0(capsys: Output) -> None:
    assert tell(Report(products=2, entries=1), None) == 0
    assert capsys.readouterr().out == "1 entry of 2 products: all is well.\n"


def test_damage_is_named_and_ends_with_1(capsys: Output) -> None:
    finding = Finding("P1", "changed", "label#1", "the entry is not as it was signed")
    assert tell(Report(products=1, entries=3, findings=[finding]), None) == 1
    assert capsys.readouterr().out == (
        "changed: product 'P1' at label#1: the entry is not as it was signed\n"
        "3 entries of 1 product: 1 finding.\n"
    )


def test_gaps_and_reconciled_entries_are_counted_and_no_damage(capsys: Output) -> None:
    assert tell(Report(products=2, entries=9, gaps=1, reconciled=2), None) == 0
    assert "Among them 1 gap (" in capsys.readouterr().out


def test_a_product_that_nothing_is_known_of_is_not_well() -> None:
    with pytest.raises(CommandError, match="'P9' is not in the table"):
        tell(Report(products=1), "P9")


def test_an_empty_audit_is_whole() -> None:
    assert tell(Report(), None) == 0


def test_progress_is_told_now_and_then(capsys: Output) -> None:
    say = progress(iter([0.0, 1.0, 2.5, 3.0]).__next__)
    for products in (1, 2, 3):
        say(Report(products=products, entries=9))
    assert capsys.readouterr().err == "2 products, 9 entries …\n"


def test_the_wait_for_the_second_look_is_said(capsys: Output) -> None:
    wait(0.0)
    assert capsys.readouterr().err == "What differs from the table is looked at again in 0 s …\n"
