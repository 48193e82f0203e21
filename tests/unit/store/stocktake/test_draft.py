"""What a line changes is its difference from what was booked then, whatever is booked later."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.stocktake.draft import Draft, Line, Mode, to_commit, to_undo, totals
from app.store.stocktake.draft_errors import DraftClosed, InvalidDraft
from app.store.stocktake.draft_rows import draft_of, draft_row, line_of, line_row
from app.store.stocktake.draft_rules import committing, undoing

QUANTITY = st.decimals(-(10**9), 10**9, places=3)


def a_line(**given: Any) -> Line:
    known: dict[str, Any] = {
        "product_id": "P",
        "name": "Tea",
        "amount": Decimal(10),
        "reason": "counted",
        "book": Decimal(12),
        "cursor": "1-a-1",
        "actor": "anna",
        "at": "2026-11-28T15:00:00.000Z",
    }
    return Line(**(known | given))


@given(book=QUANTITY, counted=QUANTITY, sold=QUANTITY)
def test_stock_after_a_commit_is_what_was_counted_without_what_was_sold_since(
    book: Decimal, counted: Decimal, sold: Decimal
) -> None:
    line = a_line(book=book, amount=counted)
    now = book - sold
    assert now + line.changes("count") == counted - sold
    assert line.moved(now) == (None if sold == 0 else -sold)


@pytest.mark.parametrize(
    ("mode", "change"), [("count", -2), ("receive", 10), ("sell", -10), ("write-off", -10)]
)
def test_each_mode_changes_the_stock_its_way(mode: Mode, change: int) -> None:
    assert a_line().changes(mode) == change
    assert a_line(price=Decimal("2.50")).value(mode) == change * Decimal("2.5")


def test_event_says_what_was_counted() -> None:
    assert a_line(amount=Decimal(12), unit="kg").note("count") == "counted 12 kg, as booked"
    assert a_line().note("count") == "counted 10, booked 12"
    assert a_line(book=None).note("count") == "counted 10, no number was booked"
    assert a_line().note("sell") is None


def test_totals() -> None:
    found = totals(
        [
            a_line(price=Decimal("1.50")),
            a_line(amount=Decimal(15)),
            a_line(amount=Decimal(12), request="r"),
            a_line(amount=Decimal(11), price=Decimal("0.10"), failed="no"),
        ],
        "count",
    )
    assert (found.lines, found.differing, found.plus, found.minus) == (4, 3, 3, -3)
    assert (found.value, found.unpriced, found.committed, found.failed) == (
        Decimal("-3.10"),
        1,
        1,
        1,
    )


def test_run_takes_each_line_once_and_the_next_one_those_that_failed() -> None:
    old = a_line(product_id="old", at="2026-11-28T14:00:00.000Z")
    done = a_line(product_id="done", request="r")
    failed = a_line(product_id="failed", failed="no", failed_run=1)
    lines = [a_line(), old, done, failed]
    assert [line.product_id for line in to_commit(lines, 1)] == ["old", "P"]
    assert {line.product_id for line in to_commit(lines, 2)} == {"old", "P", "failed"}
    same = a_line(product_id="same", amount=Decimal(12), request="r")
    gone = replace(done, product_id="gone", undone=True)
    assert to_undo([*lines, same, gone], "count", 2) == [done]


def test_rows_hold_all_of_a_draft_and_a_line() -> None:
    line = a_line(
        unit="kg", price=Decimal("1.50"), late=True, request="r", failed="no", failed_run=3
    )
    for one in (line, a_line(book=None), replace(line, undone=True, last_count="t")):
        assert line_of(line_row("0" * 16, one)) == one
    draft = Draft(id="0" * 16, name="Aisle 3", mode="count", lines=2, run=1, commit="c", version=7)
    assert draft_of(draft_row(draft)) == draft


def test_commit_begins_once_and_only_a_committed_list_is_undone() -> None:
    draft = Draft(id="0" * 16, name="Aisle 3", mode="count")
    with pytest.raises(InvalidDraft):
        committing(draft, "c", "anna")
    begun = committing(replace(draft, lines=1), "c", "anna")
    assert (begun.state, begun.commit, begun.run) == ("committing", "c", 1)
    assert committing(begun, "other", "ben") == begun
    with pytest.raises(DraftClosed):
        undoing(begun, "anna")
    done = replace(begun, state="done")
    with pytest.raises(DraftClosed):
        committing(done, "c", "anna")
    assert undoing(done, "ben").run == 2
