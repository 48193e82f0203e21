"""A history marks void entries and repeats wherever its pages end, with few additional reads."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import ChangeEvent, Kind
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import link_of, successor, void_keys
from app.store.audit.entry import Signer
from app.store.audit.history import BEFORE, BESIDE, HistoryPage
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import an_event, an_item
from tests.support.fakes.fake_tables import FakeTables

STATES = [an_item(Stock=stock) for stock in range(3)]

Step = tuple[Kind, int, int]  # kind, and stock before and after


class Chain:
    """One product's entries in an in-memory table, and the limits of the reads."""

    def __init__(self, *steps: Step, requests: Sequence[str | None] = ()) -> None:
        self.tables: Any = FakeTables(
            {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}
        )
        self.audit = AuditRepository(
            self.tables,
            "ProductEvents",
            Feed(self.tables, "Feed"),
            Signer("k", b"k" * 32),
            CursorClock(0).stamp,
        )
        self.keys: list[str] = []
        for number, (kind, before, after) in enumerate(steps):
            request_id = requests[number] if requests else None
            self._add(number, kind, before, after, request_id)
        self.limits: list[int] = []
        right = self.tables.query

        def query(**request: Any) -> Any:
            self.limits.append(request["Limit"])
            return right(**request)

        self.tables.query = query

    def _add(
        self, number: int, kind: Kind, before: int, after: int, request_id: str | None
    ) -> None:
        images = {"before": STATES[before], "after": STATES[after]}
        event = an_event(number, kind=kind, request_id=request_id, **images)
        if kind in {"gap", "reconciled"} and self.keys:
            key = successor(self.keys[-1], "g" if kind == "gap" else "r")
            event = an_event(number, **_fields(event) | {"event_key": key})
        self.audit.append([event])
        self.keys.append(event.event_key)

    def pages(self, size: int) -> list[HistoryPage]:
        """The whole history, page by page."""
        page = self.audit.histories.page("P1", size)
        found = [page]
        while page.next_cursor is not None:
            page = self.audit.histories.page("P1", size, page.next_cursor)
            found.append(page)
        return found

    def void(self, size: int) -> list[int]:
        """The numbers (oldest entry: 0) of the entries that the pages mark as void."""
        return sorted(self.keys.index(key) for page in self.pages(size) for key in page.void)


def _fields(event: ChangeEvent) -> dict[str, Any]:
    names = ("kind", "before", "after", "request_id")
    return {name: getattr(event, name) for name in names}


EARLY: list[Step] = [("inserted", 0, 0), ("reconciled", 0, 1), ("stock_changed", 0, 1)]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_reconciled_entry_is_void_once_its_own_record_arrives(size: int) -> None:
    assert Chain(*EARLY).void(size) == [1]
    assert Chain(*EARLY[:2]).void(size) == []


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_reconciled_entry_that_the_next_record_follows_is_not_void(size: int) -> None:
    assert Chain(*EARLY[:2], ("stock_changed", 1, 2)).void(size) == []


@pytest.mark.parametrize("size", [1, 2, 50])
def test_an_internal_record_also_makes_a_reconciled_entry_void(size: int) -> None:
    assert Chain(*EARLY[:2], ("internal", 0, 0), ("deleted", 1, 0)).void(size) == [1]


kinds: list[Kind] = ["stock_changed", "internal", "gap", "reconciled", "reconciled"]
stocks = st.integers(0, 2)


@given(st.lists(st.tuples(st.sampled_from(kinds), stocks, stocks), max_size=9), st.integers(1, 4))
def test_pages_of_any_size_mark_the_same_void_entries_as_the_whole_chain(
    steps: list[Step], size: int
) -> None:
    chain = Chain(("inserted", 0, 0), *steps)
    whole = void_keys(
        [link_of(row) for _, row in sorted(chain.tables.rows["ProductEvents"].items())]
    )
    assert {key for page in chain.pages(size) for key in page.void} == whole
    assert all(page.void <= {event.event_key for event in page.items} for page in chain.pages(size))


def test_without_reconciled_entries_no_links_beyond_the_page_are_read() -> None:
    chain = Chain(("inserted", 0, 0), ("stock_changed", 0, 1), ("stock_changed", 1, 2))
    chain.pages(1)
    assert set(chain.limits) == {1}


def test_a_long_run_of_reconciled_entries_is_not_read_completely() -> None:
    chain = Chain(EARLY[0], *[("reconciled", 1, 2)] * (BESIDE + 20), ("stock_changed", 0, 1))
    chain.pages(1)
    assert max(chain.limits) == BESIDE
    assert len(chain.limits) <= 3 * len(chain.keys) + 1


def test_a_page_does_not_read_through_any_number_of_internal_entries() -> None:
    chain = Chain(EARLY[0], *[("internal", 0, 0)] * 200, ("stock_changed", 0, 1))
    first, *others = chain.pages(10)
    assert len(first.items) == 1
    assert [event.kind for page in others for event in page.items] == ["inserted"]
    assert len(chain.limits) <= 4 * (1 + len(others))


REPEATED: list[Step] = [
    ("inserted", 0, 1),
    ("stock_changed", 1, 2),
    ("stock_changed", 2, 1),
    ("stock_changed", 1, 2),
]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_second_entry_with_one_request_id_is_a_repeat(size: int) -> None:
    chain = Chain(*REPEATED, requests=["r-1", "r-2", None, "r-2"])
    assert {key for page in chain.pages(size) for key in page.repeats} == {chain.keys[3]}
    assert max(chain.limits) <= max(size, BEFORE)
    chain = Chain(*REPEATED, requests=["r-1", "r-2", None, "r-3"])
    assert not any(page.repeats for page in chain.pages(size))
