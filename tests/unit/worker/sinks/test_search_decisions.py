"""A write replaces only the state that was compared, so a document's key never gets smaller."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import LABEL
from worker.sinks.search.bulk_outcomes import Outcome, Stored, action, outcome, reason_of, stored_in
from worker.sinks.search.index_writer import portions
from worker.sinks.search.search_document import Document


def a_document(key: str) -> Document:
    """A document of P1."""
    return Document("P1", key, b"{}")


class Shard:
    """One document as a primary shard keeps it: conditions are checked, then it is replaced."""

    def __init__(self) -> None:
        self.stored: Stored | None = None
        self.keys: list[str] = []

    def apply(self, document: Document, seen: Stored | None) -> bool:
        """Send what was decided from `seen`; returns whether nothing is left to do."""
        line = action(document, "target", seen)
        if line is None:
            return True
        ((kind, place),) = line.items()
        condition = (place.get("if_seq_no"), place.get("if_primary_term"))
        if kind == "create":
            holds = self.stored is None
        else:
            holds = self.stored is not None and condition == self.stored[1:]
        if holds:
            self.stored = Stored(document.key, len(self.keys), 1)
            self.keys.append(document.key)
        return holds


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_deliveries_and_any_stale_reads_end_with_the_greatest_key(
    numbers: list[int], chance: random.Random
) -> None:
    shard = Shard()
    waiting = [a_document(f"{LABEL}#{number:040d}") for number in numbers]
    seen: list[Stored | None] = [None]
    while waiting:
        document = chance.choice(waiting)
        stale = chance.choice(seen)  # read at any earlier time, before a pause
        if shard.apply(document, stale) or shard.apply(document, shard.stored):
            waiting.remove(document)
        seen.append(shard.stored)
    assert shard.keys == sorted(set(shard.keys))
    assert shard.stored is not None
    assert shard.stored.key == max(f"{LABEL}#{number:040d}" for number in numbers)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (None, {"create": {"_index": "i", "_id": "P1"}}),
        (
            Stored("a", 4, 2),
            {"index": {"_index": "i", "_id": "P1", "if_seq_no": 4, "if_primary_term": 2}},
        ),
        (Stored("b", 4, 2), None),
        (Stored("c", 4, 2), None),
    ],
)
def test_a_document_is_added_replaced_or_left(stored: Stored | None, expected: object) -> None:
    assert action(a_document("b"), "i", stored) == expected


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (201, {}, Outcome("written", "", 4, 2)),
        (409, {"type": "conflict", "reason": "r"}, Outcome("conflict", "conflict: r")),
        (
            404,
            {"type": "index_not_found_exception"},
            Outcome("gone", "index_not_found_exception"),
        ),
        (400, {"type": "mapper", "reason": "x"}, Outcome("refused", "mapper: x")),
        (429, {"type": "full", "reason": "x\ny"}, Outcome("busy", "full: x y")),
        (403, {"type": "block", "reason": "disk"}, Outcome("busy", "block: disk")),
        (503, {"type": "primary", "reason": "gone"}, Outcome("busy", "primary: gone")),
    ],
)
def test_what_an_item_of_a_bulk_answer_means(status: int, error: object, expected: Outcome) -> None:
    answer = {"status": status, "error": error, "_seq_no": 4, "_primary_term": 2}
    assert outcome({"index": answer}) == expected


def test_a_document_of_another_program_has_the_lowest_key() -> None:
    found = {"found": True, "_seq_no": 1, "_primary_term": 1, "_source": {"event_key": 5}}
    assert stored_in(found) == Stored("", 1, 1)
    assert stored_in({"found": False}) is None


def test_an_error_is_one_line_with_its_cause() -> None:
    error = {"type": "a", "reason": "b\n c", "caused_by": {"type": "d", "reason": "e"}}
    assert reason_of(error) == "a: b c; d: e"
    assert reason_of("plain\ntext") == "plain text"


def test_a_request_has_a_bounded_size_and_at_least_one_document() -> None:
    sizes = [6, 1, 2, 2, 3]
    lines = [(("i", str(size)), b"x" * (size * 1024 * 1024)) for size in sizes]
    assert [[len(line) >> 20 for _, line in part] for part in portions(lines)] == [
        [6],
        [1, 2, 2],
        [3],
    ]
