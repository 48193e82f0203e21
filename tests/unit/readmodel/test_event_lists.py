"""A list of events has exactly the events that meet its conditions, in order, on every page."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import InvalidCursor
from app.core.events import ChangeEvent
from app.readmodel.events import event_lists
from app.readmodel.events.event_lists import EventPage
from app.readmodel.events.event_query import EventQuery, Order, Phrase, Span, Term
from app.readmodel.events.event_terms import Qualifier
from app.readmodel.products import product_lists
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event
from tests.unit.readmodel.kit import Copy, key

HOUR = 3_600_000  # ms
KINDS = ("stock_changed", "updated", "deleted")
ACTORS = ("anna", "till", None)
REASONS = ("sold", "damaged", None)
NOTES = ("damaged in the rain", "in damaged boxes", "Größe XL", None)
SIZES = ("0.5", "1", "1.5", "2", "63", "64", "99", "100", "101.25", "123456789012345")


def history(count: int) -> list[tuple[Cursor, ChangeEvent]]:
    """Events of all sorts, one every 20 minutes but for a night; some arrive six hours late."""
    texts = itertools.cycle(itertools.product(KINDS, ACTORS, REASONS, NOTES))
    found = []
    for number, (kind, actor, reason, note) in enumerate(itertools.islice(texts, count)):
        ms = NOON_MS + number * HOUR // 3 + (8 * HOUR if number >= 60 else 0)
        late = 6 * HOUR if number % 7 == 3 else -2000 if number % 7 == 5 else 300
        delta = Decimal(SIZES[number % len(SIZES)]) * (-1) ** (number // 2)
        sized = kind == "stock_changed"
        event = an_event(
            number,
            event_key=key(number),
            kind=kind,
            product_id=f"P{number % 5}",
            actor=actor,
            reason=reason,
            note=note,
            category=f"C{number % 3}",
            reference=f"SO-{number % 11}",
            request_id=f"r-{number}",
            stock_before=Decimal(0) if sized else None,
            stock_after=delta if sized else None,
            occurred_at=NOON + timedelta(milliseconds=ms - NOON_MS - late),
        )
        found.append((Cursor(ms, "0000abcd", number % 3), event))
    return found


HISTORY = history(150)
ANNA = EventQuery(terms=(Term("actor", ("anna",)),))
BY_ANNA = [event for _, event in HISTORY if event.actor == "anna"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("full"))
    copy.changes.apply(HISTORY)
    return copy


def pages(copy: Copy, query: EventQuery, limit: int, order: Order = "newest") -> list[EventPage]:
    found = [copy.event_lists.page(query, limit, order, None, "exact")]
    while (cursor := found[-1].next_cursor) is not None:
        found.append(copy.event_lists.page(query, limit, order, cursor))
    return found


def meets(event: ChangeEvent, query: EventQuery) -> bool:
    """Whether the event meets the query's conditions."""
    fields = {"product": "product_id", "request": "request_id"}
    text = " ".join(filter(None, (event.note, event.reason, event.actor, event.product_id)))
    ms = event.occurred_at.timestamp() * 1000
    size = None if event.delta is None else abs(float(event.delta))
    checks = [
        *(
            (getattr(event, fields.get(t.qualifier, t.qualifier)) in t.values, t)
            for t in query.terms
        ),
        *((has_phrase(text, phrase), phrase) for phrase in query.phrases),
        *((span.least <= ms < span.below, span) for span in query.created),
        *((size is not None and span.least <= size < span.below, span) for span in query.sizes),
    ]
    return all(met != cast("Any", one).negated for met, one in checks)


def has_phrase(text: str, phrase: Phrase) -> bool:
    words, wanted = text.lower().split(), phrase.text.lower().split()
    runs = [words[i : i + len(wanted)] for i in range(len(words) - len(wanted) + 1)]
    if phrase.is_start:
        return any(r[:-1] == wanted[:-1] and r[-1].startswith(wanted[-1]) for r in runs)
    return wanted in runs


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


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100, deadline=None)
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


def test_large_totals_are_counted_on_request_only(
    full: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.readmodel.events.event_lists.CAPPED", 100)
    assert product_lists.CAPPED == 10_000
    for query, total in ((EventQuery(), (100, False)), (ANNA, (len(BY_ANNA), True))):
        page = full.event_lists.page(query, 1, totals="capped")
        assert page.total is not None
        assert (page.total.count, page.total.exact) == total
    assert full.event_lists.page(EventQuery(), 1).total is None


def test_pages_neither_repeat_nor_lose_events_while_others_arrive(copy: Copy) -> None:
    query = ANNA
    copy.changes.apply(HISTORY[:60])
    first = copy.event_lists.page(query, 5)
    copy.changes.apply(HISTORY[60:])
    second = copy.event_lists.page(query, 100, cursor=first.next_cursor)
    before = [event.event_key for _, event in HISTORY[:60] if event.actor == "anna"]
    got = [event.event_key for page in (first, second) for _, event in page.items]
    assert got == before[::-1]
    oldest = copy.event_lists.page(query, 100, "oldest")
    assert len(oldest.items) == len(BY_ANNA)


def test_events_after_an_event_cursor(full: Copy) -> None:
    at = HISTORY[140][0]
    for cursor in (at, Cursor(at.ms, at.writer, at.n + 1), Cursor(at.ms + 5, "00000000", 0)):
        page = full.event_lists.page(EventQuery(), 100, "oldest", after=cursor)
        assert [event.event_key for _, event in page.items] == [key(n) for n in range(141, 150)]
        assert page.items[0][0] == str(HISTORY[141][0])


@pytest.mark.parametrize(
    ("cursor", "says"),
    [
        (lambda copy: copy.event_lists.page(EventQuery(), 1, "oldest").next_cursor, "order=oldest"),
        (lambda _: "e.newest.", "was not returned by a page"),
        (lambda _: "e.newest.ffffffffffffffff", "was not returned by a page"),
        (lambda _: "no cursor", "was not returned by a page"),
    ],
)
def test_cursor_of_another_order_is_refused(
    full: Copy, cursor: Callable[[Copy], str], says: str
) -> None:
    with pytest.raises(InvalidCursor, match=says):
        full.event_lists.page(EventQuery(), 1, cursor=cursor(full))


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
