"""A list of events has exactly the events that meet its conditions, with few searches."""

from datetime import timedelta
from typing import Any, cast
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.readmodel.events import event_lists
from app.readmodel.events.event_query import EventQuery, Order, Phrase, Span, Term
from app.readmodel.events.event_terms import Qualifier
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event
from tests.unit.readmodel.events.history import HISTORY, HOUR, KINDS, SIZES, meets, pages
from tests.unit.readmodel.kit import Copy, key

NEGATED = st.booleans()
TERMS = st.one_of(
    *(
        st.builds(
            Term,
            st.just(cast("Qualifier", name)),
            st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple),
            NEGATED,
        )
        for name, values in {
            "kind": KINDS,
            "actor": ("anna", "till", "nobody"),
            "reason": ("sold", "damaged"),
            "product": ("P1", "P2"),
            "category": ("C0", "C1"),
            "reference": ("SO-1", "SO-2"),
            "request": ("r-1", "r-2"),
        }.items()
    )
)
PHRASES = st.builds(
    Phrase, st.sampled_from(["d", "damaged", "dam", "damaged in", "in d", "rain", "sold anna"]),
    st.booleans(), NEGATED,
)  # fmt: skip
TIMES = st.integers(-8, 60).map(lambda hours: NOON_MS + hours * HOUR - 300)
NUMBERS = st.sampled_from([*map(float, SIZES), 0.0, 64.5, 100.5])


def spans(values: st.SearchStrategy[Any], open_end: float) -> st.SearchStrategy[Span]:
    def span(one: float, other: float, kind: int, negated: bool) -> Span:  # noqa: FBT001
        least, below = sorted((one, other))
        return Span(least if kind != 1 else -open_end, below if kind != 2 else open_end, negated)

    found = st.builds(span, values, values, st.integers(0, 2), NEGATED)
    return found.filter(lambda one: one.least < one.below)


QUERIES = st.builds(
    EventQuery,
    terms=st.lists(TERMS, max_size=2).map(tuple),
    phrases=st.lists(PHRASES, max_size=1).map(tuple),
    created=st.lists(spans(TIMES, float("inf")), max_size=2).map(tuple),
    sizes=st.lists(spans(NUMBERS, float("inf")), max_size=2).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(query=QUERIES, order=st.sampled_from(["newest", "oldest"]), limit=st.sampled_from([1, 7]))
def test_pages_have_exactly_the_events_that_meet_the_conditions(
    full: Copy, query: EventQuery, order: Order, limit: int
) -> None:
    expected = [event.event_key for _, event in HISTORY if meets(event, query)]
    found = pages(full, query, limit, order)
    total = found[0].total
    assert total is not None
    assert (total.count, total.exact) == (len(expected), True)
    got = [event.event_key for page in found for _, event in page.items]
    assert got == (expected[::-1] if order == "newest" else expected)
    assert all(page.items for page in found) or len(found) == 1


@pytest.mark.parametrize(
    "created",
    [
        (Span(NOON_MS - HOUR, NOON_MS + 400 * 24 * HOUR),),
        tuple(
            Span(NOON_MS + (day * 24 + 1) * HOUR, NOON_MS + (day * 24 + 2) * HOUR, negated=True)
            for day in range(20)
        ),
    ],
    ids=["nights without events", "many excluded days"],
)
def test_time_range_needs_few_searches_of_the_index(copy: Copy, created: tuple[Span, ...]) -> None:
    hours = [day * 24 + hour for day in range(30) for hour in range(3)]
    query = EventQuery(phrases=(Phrase("damaged in"),), created=created)
    events = [
        (
            Cursor(NOON_MS + hour * HOUR, "0000abcd", 0),
            an_event(
                hour,
                event_key=key(hour),
                note="damaged in the rain",
                occurred_at=NOON + timedelta(hours=hour),
            ),
        )
        for hour in hours
    ]
    copy.changes.apply(events)
    statements: list[str] = []
    with copy.database.reading() as connection:  # the lists use the same one again
        connection.set_trace_callback(statements.append)
    found = copy.event_lists.page(query, 100).items
    expected = [event.event_key for _, event in events if meets(event, query)]
    assert [event.event_key for _, event in found] == expected[::-1]
    assert len([one for one in statements if "MATCH" in one]) <= 8


@given(
    text=st.text(max_size=40) | st.sampled_from(['"', 'a" OR "b', "NEAR(", "*", "^a", "a:b", "-"])
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_text_is_ever_syntax(full: Copy, text: str) -> None:
    for is_start in (True, False):
        query = EventQuery(
            phrases=(Phrase(text, is_start),), terms=(Term("actor", (text,), negated=True),)
        )
        full.event_lists.page(query, 1, totals="exact")


def test_hours_without_events_do_not_divide_a_search(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = range(10)
    copy.changes.apply(
        [
            (
                Cursor(NOON_MS + 24 * HOUR * day, "0000abcd", 0),
                an_event(day, event_key=key(day), occurred_at=NOON + timedelta(days=day)),
            )
            for day in days
        ]
    )
    select = Mock(wraps=event_lists._select)  # noqa: SLF001 - calls are counted
    monkeypatch.setattr(event_lists, "_select", select)
    query = EventQuery(created=(Span(NOON_MS + HOUR, NOON_MS + 10 * 24 * HOUR),))
    assert len(copy.event_lists.page(query, 500).items) == 9
    assert select.call_count == 1
